import sql from 'sql-template-tag'
import { lockClause, type Queries } from '../database/database.ts'
import type { UserRow } from './users.ts'

/**
 * Reads a user so that until the transaction ends nobody can disable them or change their password: what opens a session
 * must hold this lock, or sessions of the old password survive its change.
 */
export async function lockUserShared(
  tx: Queries,
  id: number,
): Promise<Pick<UserRow, 'password_digest' | 'disabled_at'> | null> {
  const lock = lockClause(tx, 'for share')
  const rows = await tx.query<Pick<UserRow, 'password_digest' | 'disabled_at'>>(
    sql`select password_digest, disabled_at from users where id = ${id} ${lock}`,
  )
  return rows[0] ?? null
}

/**
 * Holds a user against deletion. Taken first by what goes on to a session and then writes a row that refers to the user:
 * that row's foreign key would else ask for this lock last, and meet the deletion coming the other way.
 */
export async function lockUserAgainstDelete(tx: Queries, id: number): Promise<void> {
  if (tx.dialect === 'postgres') await tx.query(sql`select id from users where id = ${id} for key share`)
}

/** Lets through one transaction at a time of those that count something per person, and every refresh beside it. */
export async function lockUserExclusive(tx: Queries, id: number): Promise<void> {
  if (tx.dialect === 'postgres') await tx.query(sql`select id from users where id = ${id} for no key update`)
}
