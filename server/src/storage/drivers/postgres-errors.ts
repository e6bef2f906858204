import pg from 'pg'
import { Conflict, StaleConnection, Unavailable, UnexpectedDatabaseError, UniqueViolation } from '../database/errors.ts'

// SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
const UNIQUE_VIOLATION = '23505'
const CONFLICTS = new Set(['40001', '40P01', '55P03'])
const STATEMENT_TIMEOUT = '57014'
const CANNOT_WRITE = new Set(['25006' /* a standby: read only */, '53100' /* disk full */])
const OUTAGES = new Set([...CANNOT_WRITE, STATEMENT_TIMEOUT])
/** Data or index corrupted. */
const DAMAGES = new Set(['XX001', 'XX002'])
const OUTAGE_CLASSES = new Set(['08' /* connection */, '53' /* resources, disk full */, '57', '58'])

/**
 * Translates an error of `pg` to one of `errors.ts`. It reads only codes and the names of constraints: messages are in the
 * language of the database, and may contain a whole row.
 */
export function translatePostgresError(error: unknown): never {
  if (error instanceof TypeError) throw error
  if (!(error instanceof pg.DatabaseError)) {
    const message = `PostgreSQL: ${(error as Error).message}`
    // The server did not send this error, so the connection failed. Only its message tells a timeout of `pg` apart.
    const timedOut = message.includes('timeout')
    throw new Unavailable(message, { connectionLost: !timedOut, timedOut })
  }
  const { code = '', table = '', constraint = '' } = error
  if (code === UNIQUE_VIOLATION) throw new UniqueViolation(`${table}.${constraintColumn(constraint, table)}`)
  if (CONFLICTS.has(code)) throw new Conflict(`PostgreSQL: ${error.message}`)
  if (isLostStatement(error))
    throw new StaleConnection(
      `PostgreSQL: ${code}, a prepared statement does not stay on its connection; if a connection pooler is in between, set DATABASE_PREPARED=off`,
    )
  if (isStale(error)) throw new StaleConnection(`PostgreSQL: ${code}`)
  if (OUTAGES.has(code) || DAMAGES.has(code) || OUTAGE_CLASSES.has(code.slice(0, 2))) {
    throw new Unavailable(`PostgreSQL: ${error.message}`, {
      connectionLost: code.startsWith('57P'),
      timedOut: code === STATEMENT_TIMEOUT,
      isDamaged: DAMAGES.has(code),
      cannotWrite: CANNOT_WRITE.has(code),
    })
  }
  const { column, routine } = error
  throw new UnexpectedDatabaseError({ code, table, column, constraint, routine })
}

/** The primary keys of tables that have no `id`. */
const PRIMARY_KEYS: Record<string, string> = { rate_limits: 'key', migrations: 'name' }

/** Returns the column of a constraint, `email` for `users_email_key`: PostgreSQL never translates these default names. */
function constraintColumn(constraint: string, table: string): string {
  if (constraint === `${table}_pkey`) return PRIMARY_KEYS[table] ?? 'id'
  return constraint.startsWith(`${table}_`) ? constraint.slice(table.length + 1).replace(/_key$/, '') : constraint
}

/** Whether a prepared statement of the connection is gone, or there already: a pooler may have exchanged the connection. */
function isLostStatement({ code }: pg.DatabaseError): boolean {
  return code === '26000' || code === '42P05'
}

/** Whether a prepared statement of the connection no longer fits the schema. */
function isStale({ code, routine }: pg.DatabaseError): boolean {
  return code === '0A000' && routine === 'RevalidateCachedQuery'
}
