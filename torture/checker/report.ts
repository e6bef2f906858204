import type { Call } from '../history.ts'
import { advanced, type Evidence, isRefresh, type Violation } from './evidence.ts'

export interface Run {
  evidence: Evidence
  violations: readonly Violation[]
  faults: ReadonlyMap<string, number>
  brokenRotations: number
  seconds: number
}

const MOST_SHOWN = 10

/** Says what was done, what came of it, and what did not hold. */
export function report({ evidence, violations, faults, brokenRotations, seconds }: Run): void {
  const { calls, stored, taken } = evidence
  const count = (fits: (call: Call) => boolean) => calls.filter(fits).length
  const refreshes = calls.filter(isRefresh)
  const answered = refreshes.filter(({ outcome }) => outcome === 'ok')
  const stolen = Map.groupBy(
    refreshes.filter(({ actor }) => actor.startsWith('theft')),
    ({ session }) => session,
  )
  const bothActed = [...stolen.values()].filter(
    (own) => new Set(own.map(({ actor }) => actor.endsWith('thief'))).size > 1,
  )
  // Later, the session is over anyway.
  const end = (own: Call[]) => (own[0]?.startedAt ?? 0) + evidence.settings.sessionMaxAgeMilliseconds - 1000
  const caught = bothActed.filter((own) => own.some((call) => call.outcome === 'refused' && call.endedAt < end(own)))
  const copies = [...taken.values()].map((mail) => mail.copies)
  const rows: [string, string | number][] = [
    ['refreshes answered', answered.length],
    ['… a second', Math.round(answered.length / seconds)],
    ['… with a successor that had been handed out before', answered.length - distinctSuccessors(answered)],
    ['refreshes refused', refreshes.filter(({ outcome }) => outcome === 'refused').length],
    ['refreshes without an answer, or 503', refreshes.filter(({ outcome }) => outcome === 'unknown').length],
    ['other calls', count((call) => !isRefresh(call))],
    ['sessions startedAt', count(({ action, outcome }) => ['login', 'issue'].includes(action) && outcome === 'ok')],
    [
      'sessions that owner and thief both used, and of these found out before their end',
      `${bothActed.length}, ${caught.length}`,
    ],
    [
      'mails written, arrived, arrived twice or more',
      `${stored.mails.length}, ${taken.size}, ${copies.filter((n) => n > 1).length}`,
    ],
    ...faults,
    ['rotations broken by a fault', brokenRotations],
  ]
  process.stdout.write(`\n${rows.map(([what, value]) => `| ${what} | ${value} |`).join('\n')}\n\n`)
  for (const [name, all] of Map.groupBy(violations, ({ invariant }) => invariant)) {
    process.stdout.write(`VIOLATED ${all.length} times: ${name}\n`)
    for (const { what, calls: involved } of all.slice(0, MOST_SHOWN)) {
      process.stdout.write(`  ${what}\n`)
      for (const call of involved) process.stdout.write(`    ${JSON.stringify(call)}\n`)
    }
  }
  process.stdout.write(violations.length === 0 ? 'No violation.\n' : `${violations.length} violations.\n`)
}

function distinctSuccessors(answered: readonly Call[]): number {
  return (
    new Set(answered.filter(advanced).map(({ received }) => received?.print)).size +
    answered.filter((call) => !advanced(call)).length
  )
}
