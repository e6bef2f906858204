import sql, { empty, raw } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import type { NewUser, UserRow } from './users.ts'

/** A user of another system, with the id and times they had there. A null id is replaced with the next free one. */
export type ImportedUser = NewUser & Pick<UserRow, 'disabled_at' | 'created_at' | 'updated_at'> & { id: number | null }

/** @throws {UniqueViolation} of `users.email`, `users.guid` or `users.id` */
export async function insertImportedUser(tx: Queries, user: ImportedUser): Promise<number> {
  const id = user.id === null ? empty : sql`${user.id},`
  const overriding = tx.dialect === 'postgres' && user.id !== null ? raw('overriding system value') : empty
  const rows = await tx.query<{ id: number }>(sql`
    insert into users (${raw(user.id === null ? '' : 'id,')} guid, email, password_digest, first_name, last_name, role,
      locale, disabled_at, created_at, updated_at) ${overriding}
    values (${id} ${user.guid}, ${user.email}, ${user.password_digest}, ${user.first_name}, ${user.last_name},
      ${user.role}, ${user.locale}, ${user.disabled_at}, ${user.created_at}, ${user.updated_at})
    returning id`)
  return rows[0]?.id ?? 0
}

/** Locks the table before explicit ids are inserted, so that no other insert takes one. SQLite has one writer anyway. */
export async function lockIdsForImport(tx: Queries): Promise<void> {
  if (tx.dialect === 'postgres') await tx.query(sql`lock table users in share row exclusive mode`)
}

/**
 * Moves the sequence of ids past every id that was imported or ever assigned, so that the id of a deleted user is never
 * reused. SQLite does so by itself.
 */
export async function continueIdsAfterImport(tx: Queries): Promise<void> {
  if (tx.dialect === 'postgres') {
    await tx.query(sql`
      select setval('users_id_seq', greatest((select max(id) from users), (select last_value from users_id_seq)))`)
  }
}
