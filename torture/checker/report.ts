import type { Call } from '../history.ts'
import type { Evidence, Violation } from './evidence.ts'
import { advanced, isRefresh, opensSession } from './session-calls.ts'

export interface Run {
  evidence: Evidence
  violations: readonly Violation[]
  /** How often each fault was injected. */
  faults: ReadonlyMap<string, number>
  brokenRotations: number
  seconds: number
}

const MAX_SHOWN = 10

/** Prints what the run did, and which invariants it violated. */
export function report(run: Run): void {
  const lines = rows(run).map(([what, value]) => `| ${what} | ${value} |`)
  process.stdout.write(`\n${lines.join('\n')}\n\n`)
  for (const [name, all] of Map.groupBy(run.violations, ({ invariant }) => invariant)) {
    process.stdout.write(`VIOLATED ${all.length} times: ${name}\n`)
    for (const { what, calls } of all.slice(0, MAX_SHOWN)) {
      process.stdout.write(`  ${what}\n`)
      for (const call of calls) process.stdout.write(`    ${JSON.stringify(call)}\n`)
    }
  }
  const { length } = run.violations
  process.stdout.write(length === 0 ? 'No violation.\n' : `${length} violations.\n`)
}

function rows({ evidence, faults, brokenRotations, seconds }: Run): [string, string | number][] {
  const { calls, final, deliveries } = evidence
  const refreshes = calls.filter(isRefresh)
  const answered = refreshes.filter(({ outcome }) => outcome === 'ok')
  const { contested, detected } = thefts(refreshes, evidence.settings.sessionMaxAgeMilliseconds)
  const repeated = [...deliveries.values()].filter(({ copies }) => copies > 1)
  return [
    ['refreshes answered', answered.length],
    ['… a second', Math.round(answered.length / seconds)],
    ['… with a successor that had been issued before', answered.length - distinctSuccessors(answered)],
    ['refreshes refused', refreshes.filter(({ outcome }) => outcome === 'refused').length],
    ['refreshes without an answer, or 503', refreshes.filter(({ outcome }) => outcome === 'unknown').length],
    ['other calls', calls.length - refreshes.length],
    ['sessions started', calls.filter((call) => opensSession(call) && call.outcome === 'ok').length],
    [
      'sessions that owner and thief both used; thefts detected before the session expired',
      `${contested}; ${detected}`,
    ],
    [
      'mails written; delivered; delivered more than once',
      `${final.mails.length}; ${deliveries.size}; ${repeated.length}`,
    ],
    ...faults,
    ['rotations that met a planned fault', brokenRotations],
  ]
}

function thefts(refreshes: readonly Call[], maxAgeMilliseconds: number): { contested: number; detected: number } {
  const stolen = Map.groupBy(
    refreshes.filter(({ actor }) => actor.startsWith('theft')),
    ({ session }) => session,
  )
  const contested = [...stolen.values()].filter(
    (own) => new Set(own.map(({ actor }) => actor.endsWith('thief'))).size > 1,
  )
  const expiry = (own: Call[]) => (own[0]?.startedAt ?? 0) + maxAgeMilliseconds - 1000
  const detected = contested.filter((own) =>
    own.some((call) => call.outcome === 'refused' && call.endedAt < expiry(own)),
  )
  return { contested: contested.length, detected: detected.length }
}

function distinctSuccessors(answered: readonly Call[]): number {
  const successors = new Set(answered.filter(advanced).map(({ received }) => received?.fingerprint))
  return successors.size + answered.filter((call) => !advanced(call)).length
}
