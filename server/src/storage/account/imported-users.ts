import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import type { NewUser, UserRow } from './users.ts'

/** A user of another system, with the id and times they had there. A null id is replaced with the next free one. */
export type ImportedUser = NewUser &
  Pick<UserRow, 'claims' | 'seeded_as' | 'email_verified_at' | 'disabled_at' | 'created_at' | 'updated_at'> & {
    id: number | null
  }

/**
 * Inserts users in one statement; returns their ids in no order.
 *
 * @throws {UniqueViolation} of `users.email`, `users.guid` or `users.id`
 */
export async function insertImportedUsers(tx: Queries, users: readonly ImportedUser[]): Promise<number[]> {
  // Each database has its own word for "the next id".
  const next = tx.dialect === 'postgres' ? raw('default') : raw('null')
  const rows = await tx.query<{ id: number }>(sql`
    insert into users (id, guid, email, email_verified_at, password_digest, first_name, last_name, role, locale, claims, seeded_as, disabled_at,
      created_at, updated_at) ${tx.dialect === 'postgres' ? raw('overriding system value') : empty}
    values ${join(users.map((user) => valuesOf(user, next)))}
    returning id`)
  return rows.map(({ id }) => id)
}

function valuesOf(user: ImportedUser, next: Sql): Sql {
  const id = user.id === null ? next : sql`${user.id}`
  return sql`(${id}, ${user.guid}, ${user.email}, ${user.email_verified_at}, ${user.password_digest}, ${user.first_name}, ${user.last_name},
    ${user.role}, ${user.locale}, ${user.claims}, ${user.seeded_as}, ${user.disabled_at}, ${user.created_at}, ${user.updated_at})`
}

/** Finds the users that have one of the addresses, GUIDs or ids of imported users. */
export async function findTaken(
  db: Queries,
  users: readonly Pick<ImportedUser, 'id' | 'guid' | 'email'>[],
): Promise<Pick<UserRow, 'id' | 'guid' | 'email'>[]> {
  if (users.length === 0) return []
  const ids = users.flatMap(({ id }) => (id === null ? [] : [id]))
  return db.query(sql`
    select id, guid, email from users
    where email in (${join(users.map(({ email }) => email))}) or guid in (${join(users.map(({ guid }) => guid))})
    ${ids.length > 0 ? sql`or id in (${join(ids)})` : empty}`)
}

/**
 * Makes new users get ids above an imported one from now on, whether or not the import is done. An id that was ever
 * assigned is not assigned again.
 */
export async function reserveIds(db: Queries, highestId: number): Promise<void> {
  if (db.dialect === 'postgres') {
    await db.query(sql`
      select setval('users_id_seq', greatest(${highestId}::bigint, (select last_value from users_id_seq)))`)
    return
  }
  await db.query(sql`
    insert into sqlite_sequence (name, seq) select ${'users'}, 0
    where not exists (select 1 from sqlite_sequence where name = ${'users'}) returning name`)
  await db.query(sql`
    update sqlite_sequence set seq = max(seq, ${highestId}) where name = ${'users'} returning name`)
}
