import { randomBytes } from 'node:crypto'
import sql from 'sql-template-tag'
import type { Database, Queries } from './database.ts'
import { Unavailable, UnexpectedDatabaseError } from './errors.ts'
import { writeFact } from './installation.ts'

const INSUFFICIENT_PRIVILEGE = '42501'

/** Reads one row of a real table, so that it succeeds only if requests would. @throws {Unavailable} */
export async function ping(db: Database): Promise<void> {
  if (db.troubles.damage) throw db.troubles.damage
  await db.query(sql`select name from migrations limit 1`)
}

/** More than a login writes. */
const PROBE_BYTES = 64 * 1024

/**
 * Commits a write, so that it succeeds only if logins would: not on a standby, a full disk or a damaged file.
 *
 * @param options.isLarge needs as much room as several logins: after a write has failed, one row may still fit
 * @throws {Unavailable}
 */
export async function pingByWriting(db: Database, now: Date, { isLarge }: { isLarge: boolean }): Promise<void> {
  await ping(db)
  try {
    if (isLarge) await writeFact(db, 'probed_at', randomBytes(PROBE_BYTES).toString('base64'))
    await writeFact(db, 'probed_at', now.toISOString())
  } catch (error) {
    if (!(error instanceof UnexpectedDatabaseError) || error.place.code !== INSUFFICIENT_PRIVILEGE) throw error
    await requireWritable(db) // the role may not update this table
  }
}

async function requireWritable(db: Queries): Promise<void> {
  const rows = await db.query<{ reads_only: boolean }>(sql`
    select pg_is_in_recovery() or current_setting('transaction_read_only')::bool as reads_only`)
  if (rows[0]?.reads_only !== false) throw new Unavailable('PostgreSQL: the database can only be read')
}
