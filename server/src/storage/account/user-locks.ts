import sql, { empty, type Sql } from 'sql-template-tag'
import { lockClause, type Queries } from '../database/database.ts'
import type { UserRow } from './users.ts'

interface LoginLock {
  userId: number
  /** The digest that the password was verified against; undefined for a login without a password. */
  verifiedDigest: string | null | undefined
  /** Whether users whose passwords are public may sign in. */
  allowDemoUsers: boolean
  now: Date
}

/**
 * Locks a user for a new session and records the login, unless the user is gone, disabled, or has another password by now.
 * The lock serializes the logins of a user, so that each sees the sessions of the one before; it lets refreshes pass. A
 * change of the password waits for it, or is seen.
 *
 * @returns null when the user may not sign in; else what may have changed since the user was read
 */
export async function lockUserForLogin(
  tx: Queries,
  { userId, verifiedDigest, allowDemoUsers, now }: LoginLock,
): Promise<(Pick<UserRow, 'role' | 'claims'> & { isFirstLogin: boolean }) | null> {
  const rows = await tx.query<Pick<UserRow, 'role' | 'claims'> & { first_login: boolean | number }>(sql`
    update users set last_login_at = ${now}, first_login_at = coalesce(first_login_at, ${now})
    where id = ${userId} and disabled_at is null ${allowDemoUsers ? empty : sql`and seeded_as is null`}
      ${verifiedDigest === undefined ? empty : hasDigest(verifiedDigest)}
    returning (first_login_at = ${now}) as first_login, role, claims`)
  const [row] = rows
  return row ? { role: row.role, claims: row.claims, isFirstLogin: Boolean(row.first_login) } : null
}

function hasDigest(digest: string | null): Sql {
  return digest === null ? sql`and password_digest is null` : sql`and password_digest = ${digest}`
}

/**
 * Locks a user for a new session without a login. Refreshes pass.
 *
 * @returns false when the user is gone or disabled, or may not sign in at all
 */
export async function lockUserForPair(
  tx: Queries,
  { userId, allowDemoUsers }: Pick<LoginLock, 'userId' | 'allowDemoUsers'>,
): Promise<boolean> {
  const rows = await tx.query(sql`
    select id from users where id = ${userId} and disabled_at is null ${allowDemoUsers ? empty : sql`and seeded_as is null`}
    ${lockClause(tx, 'for no key update')}`)
  return rows.length === 1
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
