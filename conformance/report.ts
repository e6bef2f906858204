import type { Contract } from './promise.ts'
import type { Outcome } from './try-promises.ts'

const HEADINGS: Record<Contract, string> = {
  registration: 'Registration',
  'jwt-api': 'JWT API',
  'token-pairs': 'Token pairs',
  sessions: 'Sessions',
  account: 'Account',
  oauth: 'OAuth',
}

/** Formats one outcome, under a heading if its contract is another than the one before. */
export function linesOf({ promise, result, why }: Outcome, before: Contract | null): string {
  const heading = promise.contract === before ? '' : `\n${HEADINGS[promise.contract]}\n\n`
  if (result === 'kept') return `${heading}✓ ${promise.says}\n`
  if (result === 'skipped') return `${heading}– ${promise.says} (${why})\n`
  return `${heading}✗ ${promise.says}\n    ${why}\n`
}

export function summaryOf(outcomes: readonly Outcome[], seconds: number): string {
  const { kept, broken, skipped } = counts(outcomes)
  const missing = kept + broken === 0 ? ' Nothing could be tried.' : ''
  return `\n${kept} kept, ${broken} broken, ${skipped} skipped in ${seconds.toFixed(1)} s.${missing}\n`
}

export function jsonOf(outcomes: readonly Outcome[], url: string): string {
  const promises = outcomes.map(({ promise: { contract, source, says }, result, why }) => {
    return { contract, source, says, result, ...(why && { why }) }
  })
  return `${JSON.stringify({ url, ...counts(outcomes), promises }, null, 2)}\n`
}

/** Returns 1 if a promise is broken or none could be tried, because then none is known to be kept. */
export function exitCodeOf(outcomes: readonly Outcome[]): 0 | 1 {
  const { kept, broken } = counts(outcomes)
  return broken > 0 || kept === 0 ? 1 : 0
}

function counts(outcomes: readonly Outcome[]) {
  const count = (result: Outcome['result']) => outcomes.filter((outcome) => outcome.result === result).length
  return { kept: count('kept'), broken: count('broken'), skipped: count('skipped') }
}
