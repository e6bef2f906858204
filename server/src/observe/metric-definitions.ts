/** A label with a closed list of values; null for one whose values are few by their nature, such as route patterns. */
type Labels = Readonly<Record<string, readonly string[] | null>>

interface Definition {
  help: string
  labels: Labels
}

const KINDS = ['login', 'pair', 'unknown'] as const
const LANES = ['password', 'token'] as const

/** Numbers that only grow. No label ever holds a user, an address, a path or anything else that a client chooses. */
export const COUNTERS = {
  tessera_http_unparsed_total: { help: 'Requests that could not be read, by the answer.', labels: { status: null } },
  tessera_logins_total: {
    help: 'Logins, by how the user authenticates and what came of it.',
    labels: {
      method: ['password', 'mail', 'service'],
      outcome: ['succeeded', 'wrong', 'limited', 'busy', 'disabled', 'next_step'],
    },
  },
  tessera_refreshes_total: {
    help: 'Refreshes, by the line of the decision table that decided them.',
    labels: {
      kind: KINDS,
      outcome: [
        ...(['unknown', 'mismatched', 'ended', 'rolled_back', 'reused_old', 'reused_late', 'expired'] as const),
        ...(['repeated_by_key', 'repeated_in_window', 'kept', 'offered', 'rotated', 'busy'] as const),
      ],
    },
  },
  tessera_sessions_opened_total: { help: 'Sessions that began.', labels: { kind: ['login', 'pair'] } },
  tessera_sessions_ended_total: {
    help: 'Sessions that ended before their time, by the reason.',
    labels: { reason: null },
  },
  tessera_address_changes_total: { help: 'Refreshes of a pair from another network.', labels: {} },
  tessera_tokens_refused_total: {
    help: 'Access tokens that were refused.',
    labels: { reason: ['absent', 'malformed', 'unknown_key', 'expired', 'ended', 'wrong_kind'] },
  },
  tessera_rate_limited_total: { help: 'Requests that a limit refused, by the limit.', labels: { door: null } },
  tessera_hash_refused_total: { help: 'Hashes that found no place in the queue.', labels: { lane: LANES } },
  tessera_deliveries_total: {
    help: 'Attempts to deliver a mail.',
    labels: { channel: ['smtp'], outcome: ['sent', 'deferred', 'failed'] },
  },
  tessera_database_retries_total: {
    help: 'Statements that ran again.',
    labels: { reason: ['conflict', 'connection_lost', 'stale'] },
  },
  tessera_key_uses_total: {
    help: 'Tokens that were accepted, by the place of their key in the ring: 0 is the current one.',
    labels: { purpose: ['refresh', 'access'], position: null },
  },
  tessera_cleanup_deleted_total: { help: 'Expired rows that were deleted.', labels: { table: null } },
  tessera_log_lines_dropped_total: {
    help: 'Lines of the log that were lost because it could not be written.',
    labels: {},
  },
} as const satisfies Record<string, Definition>

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const STATEMENT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1]
const HASH_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Distributions; the unit of each is in its name. */
export const HISTOGRAMS = {
  tessera_http_request_duration_seconds: {
    help: 'Time from a request to the end of its answer, by the pattern of its route.',
    labels: { route: null, method: ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'other'], status: null },
    buckets: REQUEST_SECONDS,
  },
  tessera_hash_wait_seconds: {
    help: 'Time that a hash waited for a thread.',
    labels: { lane: LANES },
    buckets: HASH_SECONDS,
  },
  tessera_hash_duration_seconds: {
    help: 'Time that a hash took in its thread.',
    labels: { lane: LANES, algorithm: ['bcrypt', 'argon2id'] },
    buckets: HASH_SECONDS,
  },
  tessera_database_statement_duration_seconds: {
    help: 'Time of a statement, with its wait for a connection.',
    labels: { statement: null },
    buckets: STATEMENT_SECONDS,
  },
  tessera_commit_batch_size: {
    help: 'Transactions that shared a commit of SQLite.',
    labels: {},
    buckets: [1, 2, 4, 8, 16, 32, 64],
  },
} as const satisfies Record<string, Definition & { buckets: readonly number[] }>

/** How the figures of the processes behind one port are put together. */
type Aggregation = 'sum' | 'min' | 'max' | 'first'

/** Numbers that are read when they are asked for. */
export const GAUGES = {
  tessera_build_info: {
    help: 'The version of Tessera and of Node.js; always 1.',
    labels: { version: null, node: null },
    of: 'first',
  },
  tessera_ready: { help: 'Whether the server is ready for traffic.', labels: {}, of: 'min' },
  tessera_maintenance: { help: 'Whether maintenance is on, so that requests are answered 503.', labels: {}, of: 'max' },
  tessera_http_connections: { help: 'Open connections of clients.', labels: {}, of: 'sum' },
  tessera_hash_queue_length: { help: 'Hashes that wait for a thread.', labels: { lane: LANES }, of: 'sum' },
  tessera_hash_queue_limit: { help: 'Hashes that may wait for a thread.', labels: { lane: LANES }, of: 'sum' },
  tessera_database_up: { help: 'Whether the database answers.', labels: {}, of: 'min' },
  tessera_database_connections: { help: 'Connections to PostgreSQL.', labels: { state: ['busy', 'idle'] }, of: 'sum' },
  tessera_database_waiting: { help: 'Operations that wait for a connection to PostgreSQL.', labels: {}, of: 'sum' },
  tessera_database_clock_offset_seconds: { help: "The database's clock minus this machine's.", labels: {}, of: 'max' },
  tessera_sqlite_wal_bytes: { help: 'Size of the write-ahead log of SQLite.', labels: {}, of: 'max' },
  tessera_schema_migrations: { help: 'Migrations.', labels: { state: ['applied', 'pending', 'unknown'] }, of: 'max' },
  tessera_outbox_mails: { help: 'Mails in the outbox.', labels: { state: ['waiting', 'due', 'failed'] }, of: 'max' },
  tessera_outbox_waiting: { help: 'Mails that are to be sent.', labels: { kind: null }, of: 'max' },
  tessera_outbox_oldest_seconds: { help: 'Age of the oldest mail that is due; 0 for none.', labels: {}, of: 'max' },
  tessera_limits_store_up: { help: 'Whether Redis counts the limits that replicas share.', labels: {}, of: 'min' },
  tessera_cleanup_last_success_timestamp_seconds: {
    help: 'Time of the last complete clean-up.',
    labels: {},
    of: 'max',
  },
  tessera_certificate_not_after_timestamp_seconds: {
    help: 'Time at which the certificate expires.',
    labels: {},
    of: 'min',
  },
  tessera_backup_last_success_timestamp_seconds: {
    help: 'Time of the last backup by tessera backup.',
    labels: {},
    of: 'max',
  },
  tessera_signing_key_age_seconds: {
    help: 'Age of the signing keys in the database.',
    labels: { algorithm: null, state: ['next', 'current', 'previous'] },
    of: 'max',
  },
  tessera_revocations_listed: { help: 'Endings that the revocation feed lists.', labels: {}, of: 'max' },
} as const satisfies Record<string, Definition & { of: Aggregation }>

export type CounterName = keyof typeof COUNTERS
export type HistogramName = keyof typeof HISTOGRAMS
export type GaugeName = keyof typeof GAUGES

type Values<L extends Labels> = { [Name in keyof L]: L[Name] extends readonly (infer Value)[] ? Value : string }
export type CounterLabels<Name extends CounterName> = Values<(typeof COUNTERS)[Name]['labels']>
export type HistogramLabels<Name extends HistogramName> = Values<(typeof HISTOGRAMS)[Name]['labels']>
export type GaugeLabels<Name extends GaugeName> = Values<(typeof GAUGES)[Name]['labels']>
