import sql from 'sql-template-tag'
import { lockClause, type Queries } from '../database/database.ts'
import type { UserRow } from './users.ts'

type LockedUser = Pick<UserRow, 'password_digest' | 'disabled_at' | 'seeded_as'>

/**
 * Reads a user and locks them against being disabled, and against a change of their password, until the transaction ends.
 * A transaction that opens a session must hold this lock, or a session of the old password could survive its change.
 */
export async function lockUserShared(tx: Queries, id: number): Promise<LockedUser | null> {
  const lock = lockClause(tx, 'for share')
  const rows = await tx.query<LockedUser>(
    sql`select password_digest, disabled_at, seeded_as from users where id = ${id} ${lock}`,
  )
  return rows[0] ?? null
}

/**
 * Locks a user against deletion. A transaction that locks a session and then inserts a row that refers to the user must
 * take this lock first: the row's foreign key would take it last and could deadlock with the deletion of the user.
 */
export async function lockUserAgainstDelete(tx: Queries, id: number): Promise<void> {
  if (tx.dialect === 'postgres') await tx.query(sql`select id from users where id = ${id} for key share`)
}

/** Serializes transactions that count something per user. Refreshes are not blocked. */
export async function lockUserExclusive(tx: Queries, id: number): Promise<void> {
  if (tx.dialect === 'postgres') await tx.query(sql`select id from users where id = ${id} for no key update`)
}

/**
 * Locks the admins that can sign in with a password and are not disabled, in the order of their ids, so that of two transactions that each take one away,
 * the second sees what the first left.
 */
export function lockAdmins(tx: Queries): Promise<Pick<UserRow, 'id' | 'seeded_as'>[]> {
  return tx.query<Pick<UserRow, 'id' | 'seeded_as'>>(sql`
    select id, seeded_as from users where role = 'admin' and disabled_at is null and password_digest is not null
    order by id ${lockClause(tx, 'for update')}`)
}
