import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { listKeys } from '../../auth/keys/list-keys.ts'
import type { OpenMetrics } from '../../observe/open-metrics.ts'
import { readFact } from '../../storage/database/installation.ts'
import { readSchemaState } from '../../storage/database/schema-state.ts'
import { type OutboxFigures, readOutboxFigures } from '../../storage/notice/outbox-figures.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { probe } from './readiness-probe.ts'

/** The parts of a server that have figures to read. */
export interface Watched {
  ctx: HttpContext
  version: string
  /** The file of the certificate; null where a proxy has it. */
  certFile: string | null
  /** Null with PostgreSQL. */
  sqliteFile: string | null
  countConnections: () => Promise<number>
  hashQueues: () => Record<'password' | 'token', { waiting: number; limit: number }>
  /** Whether Redis answers; null where it is not used. */
  isLimitStoreUp: () => boolean | null
  cleanedUpAt: () => Date | null
}

const one = (value: number) => [{ labels: {}, value }]
const maybe = (value: number | null) => (value === null ? [] : one(value))
const byState = <State extends string>(figures: Record<State, number>) =>
  (Object.keys(figures) as State[]).map((state) => ({ labels: { state }, value: figures[state] }))
const seconds = (at: Date) => at.getTime() / 1000

/** Registers the gauges of a server. All of them are read when the page is asked for, and none runs between. */
export function watch(metrics: OpenMetrics, watched: Watched): void {
  const { ctx, version, certFile, hashQueues } = watched
  watchConnections(metrics, ctx)
  metrics.gauge('tessera_build_info', () => [{ labels: { version, node: process.version }, value: 1 }])
  metrics.gauge('tessera_http_connections', async () => one(await watched.countConnections()))
  metrics.gauge('tessera_limits_store_up', () => {
    const isUp = watched.isLimitStoreUp()
    return maybe(isUp === null ? null : Number(isUp))
  })
  const ofLanes = (figure: 'waiting' | 'limit') => () =>
    (['password', 'token'] as const).map((lane) => ({ labels: { lane }, value: hashQueues()[lane][figure] }))
  metrics.gauge('tessera_hash_queue_length', ofLanes('waiting'))
  metrics.gauge('tessera_hash_queue_limit', ofLanes('limit'))
  metrics.gauge('tessera_cleanup_last_success_timestamp_seconds', () => {
    const at = watched.cleanedUpAt()
    return maybe(at && seconds(at))
  })
  metrics.gauge('tessera_certificate_not_after_timestamp_seconds', () => {
    return maybe(certFile === null ? null : seconds(new X509Certificate(readFileSync(certFile)).validToDate))
  })
  metrics.gauge('tessera_revocations_listed', () => one(ctx.revocations.listed))
  watchDatabase(metrics, watched)
  watchOutbox(metrics, ctx)
  metrics.gauge('tessera_signing_key_age_seconds', async () => {
    const { keys } = await listKeys(ctx, ctx.settings.accessTokenLifetimeSeconds)
    return keys.flatMap(({ algorithm, state, created_at }) =>
      state === 'next' || state === 'current' || state === 'previous'
        ? [{ labels: { algorithm, state }, value: seconds(ctx.now()) - seconds(created_at) }]
        : [],
    )
  })
}

function watchDatabase(metrics: OpenMetrics, { ctx, sqliteFile }: Watched): void {
  const isUp = () =>
    probe(ctx).answered.then(
      () => 1,
      () => 0,
    )
  metrics.gauge('tessera_database_up', async () => one(await isUp()))
  metrics.gauge('tessera_ready', async () => one(ctx.isStopping() || ctx.maintenance() ? 0 : await isUp()))
  metrics.gauge('tessera_maintenance', () => one(ctx.maintenance() === null ? 0 : 1))
  metrics.gauge('tessera_schema_migrations', async () => {
    const { known, pending, unknown } = await readSchemaState(ctx.db)
    return byState({
      applied: known.length - pending.length,
      pending: pending.length,
      unknown: unknown.length,
    })
  })
  metrics.gauge('tessera_backup_last_success_timestamp_seconds', async () => {
    const at = await readFact(ctx.db, 'backed_up_at')
    return maybe(at === null ? null : seconds(new Date(at)))
  })
  if (sqliteFile !== null) {
    const walBytes = () => statSync(`${sqliteFile}-wal`, { throwIfNoEntry: false })?.size ?? 0
    metrics.gauge('tessera_sqlite_wal_bytes', () => one(walBytes()))
    return
  }
  metrics.gauge('tessera_database_clock_offset_seconds', () => one(ctx.db.clockOffsetMilliseconds() / 1000))
}

/** Watches the pool. These gauges are read first: the statements of the others would wait for a connection, and be counted. */
function watchConnections(metrics: OpenMetrics, { db }: HttpContext): void {
  if (db.dialect === 'sqlite') return
  metrics.gauge('tessera_database_connections', () => {
    const { busy, idle } = db.connections()
    return byState({ busy, idle })
  })
  metrics.gauge('tessera_database_waiting', () => one(db.connections().waiting))
}

/** Watches the outbox. Gauges that are read together share one reading of it. */
function watchOutbox(metrics: OpenMetrics, ctx: HttpContext): void {
  let reading: Promise<OutboxFigures> | null = null
  const readTogether = () =>
    (reading ??= readOutboxFigures(ctx.db, ctx.now()).finally(() => {
      reading = null
    }))
  metrics.gauge('tessera_outbox_waiting', async () => {
    const { waiting } = await readTogether()
    return waiting.map(({ kind, mails }) => ({ labels: { kind }, value: mails }))
  })
  metrics.gauge('tessera_outbox_mails', async () => {
    const { waiting, due, failed } = await readTogether()
    const all = waiting.reduce((sum, { mails }) => sum + mails, 0)
    return byState({ waiting: all, due, failed })
  })
  metrics.gauge('tessera_outbox_oldest_seconds', async () => {
    const { dueSince } = await readTogether()
    return one(dueSince === null ? 0 : Math.max(0, seconds(ctx.now()) - seconds(dueSince)))
  })
}
