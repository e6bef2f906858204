import type { Failover } from './replication.ts'
import type { Tallies, Tally } from './tally.ts'

export interface Round extends Failover {
  secondsUntilRefresh: number
}

export interface FailoverRun {
  tallies: Tallies
  rounds: readonly Round[]
  /** Acknowledged changes that were missing at the end. */
  lost: readonly string[]
  asynchronous: boolean
  historyLostEvents: number
}

type Column = [name: string, value: (tally: Tally, round: Round | undefined, index: number) => unknown]

const MAX_SHOWN = 20

const COLUMNS: Column[] = [
  ['round', (_tally, _round, index) => index + 1],
  ['fault', (_tally, round) => round && faultOf(round)],
  ['refreshes', (tally) => tally.refreshes],
  ['sign-ups', (tally) => tally.signUps],
  ['logouts', (tally) => tally.logouts],
  ['/me', (tally) => tally.reads],
  ['503', (tally) => tally.unavailable],
  ['unanswered', (tally) => tally.unanswered],
  ['unacknowledged but done', (tally) => tally.doneUnacknowledged],
  ['s until the next refresh', (_tally, round) => round?.secondsUntilRefresh.toFixed(2)],
]
const ASYNCHRONOUS_COLUMNS: Column[] = [
  ['sessions rolled back', (tally) => tally.rolledBack],
  ['sessions unknown', (tally) => tally.sessionsUnknown],
]

/** Prints a table of the rounds and the violations. Returns the number of violations. */
export function report({ tallies, rounds, lost, asynchronous, historyLostEvents }: FailoverRun): number {
  const columns: Column[] = [
    ...COLUMNS,
    ...(asynchronous ? ASYNCHRONOUS_COLUMNS : []),
    ['violations', (tally) => tally.violations.length],
  ]
  printRow(columns.map(([name]) => name))
  printRow(columns.map(() => '---'))
  for (const [index, tally] of tallies.all.entries())
    printRow(columns.map(([, value]) => value(tally, rounds[index], index)))
  print(`\nAcknowledged changes missing at the end: ${lost.length}; audit events history_lost: ${historyLostEvents}`)
  const violations = tallies.all.flatMap((tally) => tally.violations)
  if (asynchronous) printCounts(lost)
  else violations.push(...lost)
  for (const violation of violations.slice(0, MAX_SHOWN)) print(`violation: ${violation}`)
  return violations.length
}

function faultOf({ secondsBehind, standbyIsAway }: Round): string {
  if (secondsBehind !== null) return `standby ${secondsBehind} s behind, kill -9`
  return standbyIsAway ? 'standby away, kill -9' : 'kill -9'
}

function printCounts(lost: readonly string[]): void {
  for (const [what, all] of Map.groupBy(lost, (each) => each))
    print(`lost with the history, ${all.length} times: ${what}`)
}

function printRow(cells: unknown[]): void {
  print(`| ${cells.join(' | ')} |`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
