import { setTimeout as sleep } from 'node:timers/promises'
import { readSettings } from '../run/read-settings.ts'
import { CommandError } from '../terminal/command-error.ts'
import { print, printFields, printJson } from '../terminal/output.ts'
import { readPage } from './read-page.ts'
import { type Summary, summarize } from './summary.ts'

interface StatusOptions {
  url?: string
  watch?: boolean
  json?: boolean
}

const INTERVAL_MILLISECONDS = 2000
const HOME_AND_CLEAR = '\x1b[H\x1b[J'

/** `tessera status`: prints the figures of a running server, once or until Ctrl-C. */
export async function statusCommand({ url, watch = false, json = false }: StatusOptions): Promise<void> {
  const address = url ?? ownAddress()
  let before: Summary | null = null
  do {
    const summary = summarize(await readPage(address))
    if (json) printJson([summary])
    else printStatus(summary, before, watch)
    before = summary
    if (watch) await sleep(INTERVAL_MILLISECONDS)
  } while (watch)
}

/** Returns the address of the metrics of the server whose settings these are. */
function ownAddress(): string {
  const { metricsHost, metricsPort } = readSettings({ serves: false })
  if (metricsPort === null)
    throw new CommandError('METRICS_PORT is not set: set it for the server and for this command, or pass --url.')
  const isEvery = metricsHost === '0.0.0.0' || metricsHost === '::'
  const host = isEvery ? '127.0.0.1' : metricsHost
  return `http://${host.includes(':') ? `[${host}]` : host}:${metricsPort}/metrics`
}

function printStatus(now: Summary, before: Summary | null, isWatched: boolean): void {
  if (isWatched && process.stdout.isTTY) process.stdout.write(HOME_AND_CLEAR)
  else if (before !== null) print('')
  const counted = (value: number, earlier: number | undefined) =>
    earlier === undefined ? value : `${value} (${rate(value - earlier)} a second)`
  const outcomes = (totals: Record<string, number>) =>
    Object.entries(totals)
      .toSorted(([, a], [, b]) => b - a)
      .map(([outcome, total]) => `${outcome} ${total}`)
      .join(', ') || 'none'
  printFields(
    {
      state: stateOf(now),
      version: now.version,
      database: now.database_up ? 'answers' : 'does not answer',
      requests: counted(now.requests, before?.requests),
      server_errors: counted(now.server_errors, before?.server_errors),
      logins: outcomes(now.logins),
      refreshes: outcomes(now.refreshes),
      sessions_opened: counted(now.sessions_opened, before?.sessions_opened),
      sessions_ended: counted(now.sessions_ended, before?.sessions_ended),
      tokens_refused: counted(now.tokens_refused, before?.tokens_refused),
      rate_limited: counted(now.rate_limited, before?.rate_limited),
      connections: now.connections,
      password_queue: now.password_queue,
      mails: `${now.outbox_waiting} waiting, ${now.outbox_failed} failed`,
      cleaned_up: now.cleaned_up_at === null ? null : new Date(now.cleaned_up_at),
    },
    new Date(),
  )
}

function stateOf({ ready, maintenance }: Summary): string {
  if (maintenance) return 'failed: in maintenance, see tessera maintenance'
  return ready ? 'active: ready for traffic' : 'failed: not ready'
}

function rate(growth: number): number {
  return Math.round(((Math.max(0, growth) * 1000) / INTERVAL_MILLISECONDS) * 10) / 10
}
