import { openDatabase } from '../../app/open-database.ts'
import { connectionBudget } from '../../storage/database/connection-budget.ts'
import { type PostgresHealth, readPostgresHealth } from '../../storage/database/postgres-health.ts'
import { readAuditWork } from '../../storage/notice/audit-months.ts'
import { KEPT_FOR_GOOD } from '../../storage/notice/audit-retention.ts'
import { type Check, type Finding, failure, type OpenSubject, type Subject, warning } from './check.ts'

const MAX_CLOCK_OFFSET_MILLISECONDS = 2000
const LINK = 'deployment.md#in-production'

const usesPostgres = ({ config }: Subject) => config.secrets.database.kind === 'postgres'

/** Defines a check of the settings of the PostgreSQL server. */
function ofServer(id: string, judge: (health: PostgresHealth) => Finding | null): Check {
  const run = async ({ db }: OpenSubject) => judge(await readPostgresHealth(db))
  return { id, link: LINK, applies: usesPostgres, needs: 'database', run }
}

export const POSTGRES_CHECKS: readonly Check[] = [
  ofServer('postgres.fsync', ({ fsync }) =>
    fsync
      ? null
      : failure('fsync is off: a crash of the machine can destroy the database.', 'alter system set fsync = on'),
  ),
  ofServer('postgres.full-page-writes', ({ full_page_writes }) =>
    full_page_writes
      ? null
      : failure(
          'full_page_writes is off: a crash of the machine can leave half a page behind.',
          'alter system set full_page_writes = on',
        ),
  ),
  ofServer('postgres.synchronous-commit', ({ synchronous_commit }) =>
    synchronous_commit === 'off'
      ? warning(
          'synchronous_commit is off: a crash takes back rotations that clients were told of, and logs those users out.',
          'alter system set synchronous_commit = on',
        )
      : null,
  ),
  ofServer('postgres.asynchronous-standby', ({ has_standby, synchronous_standby_names, synchronous_commit }) =>
    has_standby && (synchronous_standby_names === '' || synchronous_commit === 'local')
      ? warning(
          'The standby replicates asynchronously: a failover loses the last rotations, and logs those users out.',
          "alter system set synchronous_standby_names = '*'",
        )
      : null,
  ),
  ofServer('postgres.read-only', ({ is_standby }) =>
    is_standby
      ? failure('DATABASE_URL leads to a standby, which can only be read.', 'Set DATABASE_URL to the primary.')
      : null,
  ),
  ofServer('postgres.autovacuum', ({ autovacuum }) =>
    autovacuum
      ? null
      : warning(
          'autovacuum is off: tables of sessions and tokens grow without end.',
          'alter system set autovacuum = on',
        ),
  ),
  ofServer('postgres.superuser', ({ is_superuser }) =>
    is_superuser
      ? warning(
          'The role of DATABASE_URL is a superuser, so one fault of the server would open the whole machine.',
          'create role tessera login password …; alter database tessera owner to tessera',
        )
      : null,
  ),
  {
    id: 'postgres.audit-months',
    link: 'keys-and-data.md#how-long-the-audit-is-kept',
    applies: usesPostgres,
    needs: 'tables',
    async run({ db, now }) {
      const { missing } = await readAuditWork(db, { now: now(), retention: KEPT_FOR_GOOD }, 0)
      return missing.length > 0
        ? warning(
            'The audit has no partition for this month, so its events will be deleted row by row instead of dropped.',
            'tessera migrate, as the owner of the tables',
          )
        : null
    },
  },
  {
    id: 'postgres.connections',
    link: LINK,
    applies: usesPostgres,
    needs: 'database',
    async run({ db, config: { poolSize, processes } }) {
      const connections = (await connectionBudget(db)) ?? 0
      const wanted = poolSize * processes
      return connections < wanted
        ? warning(
            `The server may open ${wanted} connections (DATABASE_POOL × WEB_CONCURRENCY), and its role may have ${connections}.`,
            `DATABASE_POOL=${Math.max(5, Math.floor(connections / processes))}, or raise max_connections.`,
          )
        : null
    },
  },
  {
    id: 'postgres.clock',
    link: LINK,
    applies: usesPostgres,
    needs: 'database',
    run({ db }) {
      const offset = db.clockOffsetMilliseconds()
      return Math.abs(offset) > MAX_CLOCK_OFFSET_MILLISECONDS
        ? warning(
            `The clock of the database differs from that of this machine by ${(offset / 1000).toFixed(1)} seconds, so other services may refuse new tokens.`,
            'Synchronise both machines: timedatectl set-ntp true',
          )
        : null
    },
  },
  {
    id: 'postgres.pooler',
    link: LINK,
    applies: ({ config, ...rest }) => usesPostgres({ config, ...rest }) && config.preparedStatements,
    needs: 'database',
    async run({ config }) {
      const { reason } = await openAsServer(config)
      return reason !== null && /pooler loses prepared/.test(reason)
        ? failure('A connection pooler loses prepared statements, so requests would fail.', 'DATABASE_PREPARED=off')
        : null
    },
  },
  {
    id: 'postgres.timeouts',
    link: LINK,
    applies: usesPostgres,
    needs: 'database',
    async run({ config }) {
      const { warnings } = await openAsServer({ ...config, preparedStatements: false })
      return warnings.map((sentence) => {
        const [found = sentence, fix = LINK] = sentence.split(' Run: ')
        return warning(found, fix)
      })
    },
  },
]

/** Opens the database as a server would, and closes it. */
async function openAsServer(config: Subject['config']): Promise<{ reason: string | null; warnings: string[] }> {
  const warnings: string[] = []
  const log = { info() {}, error() {}, warn: (_: object | string, text?: string) => warnings.push(text ?? '') }
  try {
    await (await openDatabase(config, log, { poolSize: 5 })).close()
    return { reason: null, warnings }
  } catch (error) {
    return { reason: (error as Error).message, warnings }
  }
}
