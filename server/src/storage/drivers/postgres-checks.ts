import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { StaleConnection, Unavailable } from '../database/errors.ts'
import { translatePostgresError } from './postgres-errors.ts'
import { execute } from './postgres-transaction.ts'

/**
 * Prepares a statement on one connection, keeps another one busy, and runs the statement again: a connection pooler that
 * does not know prepared statements then runs it where it is missing. Where there is no second connection, nothing is told.
 *
 * @throws {Unavailable} that says what to set
 */
export async function checkPreparedStatements(pool: pg.Pool): Promise<void> {
  const connections = await Promise.allSettled([pool.connect(), pool.connect()])
  const [one, other] = connections.map((result) => (result.status === 'fulfilled' ? result.value : null))
  try {
    if (one && other) await runOnAnother(one, other)
  } catch (error) {
    if (error instanceof Unavailable) return // another connection would have been waited for
    if (!(error instanceof StaleConnection)) throw error
    throw new Unavailable(
      'a connection pooler loses prepared statements; set DATABASE_PREPARED=off, or use PgBouncer 1.21 or newer with max_prepared_statements',
      { cause: error },
    )
  } finally {
    one?.release(true)
    other?.release(true)
  }
}

async function runOnAnother(one: pg.PoolClient, other: pg.PoolClient): Promise<void> {
  // Its name is new, because a pooler may keep the connections of an earlier check.
  const statement = { name: `tessera_check_${randomBytes(6).toString('hex')}`, text: 'select 1', values: [] }
  await one.query(statement).catch(translatePostgresError)
  await execute(other, 'begin')
  await one.query(statement).catch(translatePostgresError)
  await execute(other, 'rollback')
}

export interface Surroundings {
  nowAt: Date
  /** The timeouts that are in force on a connection; 0 for none. */
  statementMilliseconds: number
  idleMilliseconds: number
  /** As identifiers of SQL. */
  role: string
  database: string
}

/** Reads what a connection of the pool is really like, whatever it asked for when it connected. */
export async function readSurroundings(connection: pg.PoolClient): Promise<Surroundings> {
  const result = await execute(
    connection,
    `select clock_timestamp() as "nowAt",
      (extract(epoch from current_setting('statement_timeout')::interval) * 1000)::int as "statementMilliseconds",
      (extract(epoch from current_setting('idle_in_transaction_session_timeout')::interval) * 1000)::int as "idleMilliseconds",
      quote_ident(current_user) as role, quote_ident(current_database()) as database`,
  )
  return result.rows[0] as Surroundings
}
