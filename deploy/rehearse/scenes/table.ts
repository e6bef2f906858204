import type { Failure } from '../load/tally.ts'
import { ROUTE_NAMES, type RouteName } from '../site/balancers.ts'
import type { Played } from './scene.ts'

/** A scene that was played, or the reason why it was not. */
export type Result = Played | { title: string; skipped: string }

const MAX_SHOWN = 10
const MIN_STALL_SECONDS = 0.3

/** Formats the results as a Markdown table and the broken promises below it. */
export function formatResults(results: readonly Result[]): string {
  const rows = results.flatMap((result) =>
    'skipped' in result ? [[result.title, `skipped: ${result.skipped}`, '', '', '', '', '']] : playedRows(result),
  )
  const header = ['what', 'may fail', 'requests', 'failed', 'within, s', 'lost', 'seconds']
  const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return [...lines, ...results.flatMap(problemLines)].join('\n')
}

export function isBroken(result: Result): boolean {
  return 'problems' in result && result.problems.length > 0
}

function playedRows(played: Played): string[][] {
  const { scene } = played
  if (!scene.isByRoute) return [row(played, scene.title, null)]
  return ROUTE_NAMES.map((route) =>
    played.tally.requests.has(route)
      ? row(played, `${scene.title}, ${route}`, route)
      : [`${scene.title}, ${route}`, 'skipped: not installed', '', '', '', '', ''],
  )
}

function row({ scene, tally, faults }: Played, title: string, route: RouteName | null): string[] {
  const isOfRow = (each: { route: RouteName | null }) => route === null || each.route === route
  const requests = [...tally.requests].filter(([name]) => route === null || name === route)
  const failures = tally.failures.filter(isOfRow)
  const seconds = faults.reduce((sum, { start, end }) => sum + (end - start) / 1000, 0)
  return [
    title,
    scene.mayFail === 'never' ? 'no' : 'meanwhile',
    String(requests.reduce((sum, [, count]) => sum + count, 0)),
    String(failures.length),
    failures.length === 0 ? '' : secondsBetween(failures).toFixed(1),
    String(tally.losses.filter(isOfRow).length),
    seconds.toFixed(1),
  ]
}

/** From the first request that failed until the last one. */
function secondsBetween(failures: readonly Failure[]): number {
  const start = Math.min(...failures.map(({ sentAt }) => sentAt))
  return (Math.max(...failures.map(({ failedAt }) => failedAt)) - start) / 1000
}

function problemLines(result: Result): string[] {
  if (!('problems' in result)) return []
  const lines = [...Map.groupBy(result.problems, (problem) => problem)].map(
    ([problem, { length }]) => `broken: ${result.scene.title}: ${problem}${length > 1 ? ` (${length} times)` : ''}`,
  )
  if (lines.length > 0 && result.stallSeconds > MIN_STALL_SECONDS)
    lines.push(
      `note: ${result.scene.title}: this machine is busy; a process waited up to ${result.stallSeconds.toFixed(1)} s`,
    )
  return lines.length > MAX_SHOWN
    ? [...lines.slice(0, MAX_SHOWN), `… and ${lines.length - MAX_SHOWN} more of them`]
    : lines
}
