import type { CounterName, GaugeName } from '../../observe/metric-definitions.ts'
import type { Figure } from './read-page.ts'

/** The state of a server, or of all processes behind its port. Counters are totals since its start. */
export interface Summary {
  version: string | null
  ready: boolean
  maintenance: boolean
  database_up: boolean
  requests: number
  server_errors: number
  logins: Record<string, number>
  refreshes: Record<string, number>
  sessions_opened: number
  sessions_ended: number
  tokens_refused: number
  rate_limited: number
  connections: number
  password_queue: number
  outbox_waiting: number
  outbox_failed: number
  cleaned_up_at: string | null
}

const REQUESTS = 'tessera_http_request_duration_seconds_count'

export function summarize(figures: readonly Figure[]): Summary {
  const all = (name: CounterName | GaugeName | typeof REQUESTS, wanted: Record<string, string> = {}) =>
    figures.filter(
      (figure) =>
        figure.name === name && Object.entries(wanted).every(([label, value]) => figure.labels[label] === value),
    )
  const sum = (...of: Parameters<typeof all>) => all(...of).reduce((total, { value }) => total + value, 0)
  const byOutcome = (name: CounterName) => {
    const totals: Record<string, number> = {}
    for (const { labels, value } of all(name)) {
      const outcome = labels['outcome'] ?? ''
      if (value > 0) totals[outcome] = (totals[outcome] ?? 0) + value
    }
    return totals
  }
  const [build] = all('tessera_build_info')
  const [cleanUp] = all('tessera_cleanup_last_success_timestamp_seconds')
  const errors = all(REQUESTS).filter(({ labels }) => labels['status']?.startsWith('5'))
  return {
    version: build?.labels['version'] ?? null,
    ready: sum('tessera_ready') > 0,
    maintenance: sum('tessera_maintenance') > 0,
    database_up: sum('tessera_database_up') > 0,
    requests: sum(REQUESTS),
    server_errors: errors.reduce((total, { value }) => total + value, 0),
    logins: byOutcome('tessera_logins_total'),
    refreshes: byOutcome('tessera_refreshes_total'),
    sessions_opened: sum('tessera_sessions_opened_total'),
    sessions_ended: sum('tessera_sessions_ended_total'),
    tokens_refused: sum('tessera_tokens_refused_total'),
    rate_limited: sum('tessera_rate_limited_total'),
    connections: sum('tessera_http_connections'),
    password_queue: sum('tessera_hash_queue_length', { lane: 'password' }),
    outbox_waiting: sum('tessera_outbox_mails', { state: 'waiting' }),
    outbox_failed: sum('tessera_outbox_mails', { state: 'failed' }),
    cleaned_up_at: cleanUp ? new Date(cleanUp.value * 1000).toISOString() : null,
  }
}
