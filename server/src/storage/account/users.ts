import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import { lockClause, type Queries } from '../database/database.ts'
import { ABOVE_EVERY_VERSION, recordEndings } from '../revocation/record-endings.ts'

/** One of the setting `ROLES`, or one that the setting had when the user got it. */
export type Role = string

export interface UserRow {
  id: number
  guid: string
  email: string
  password_digest: string | null
  first_name: string | null
  last_name: string | null
  role: Role
  locale: string
  /** A JSON object that access tokens carry. */
  claims: string
  /** `demo` for users that a development server seeded: their passwords are public. */
  seeded_as: 'demo' | null
  /** When the address was proven to be the user's. */
  email_verified_at: Date | null
  /** When the user signed in for the first time, and for the last; null if never. */
  first_login_at: Date | null
  last_login_at: Date | null
  disabled_at: Date | null
  /** Access tokens of an earlier version are void where endings are heard of. */
  token_version: number
  created_at: Date
  updated_at: Date
}

export type NewUser = Pick<
  UserRow,
  'guid' | 'email' | 'password_digest' | 'first_name' | 'last_name' | 'role' | 'locale'
>

const columns = raw(
  `id, guid, email, password_digest, first_name, last_name, role, locale, claims, seeded_as, email_verified_at,
  first_login_at, last_login_at, disabled_at, token_version, created_at, updated_at`,
)

/** The fields of a user that the user and their clients may see. */
export type UserProfile = Pick<
  UserRow,
  'id' | 'guid' | 'email' | 'email_verified_at' | 'first_name' | 'last_name' | 'role' | 'created_at' | 'updated_at'
>

/** The columns of a {@link UserProfile} where another table is joined. */
export const joinedProfileColumns = raw(
  'u.id, u.guid, u.email, u.email_verified_at, u.first_name, u.last_name, u.role, u.created_at, u.updated_at',
)

/** @throws {UniqueViolation} of `users.email` or `users.guid` */
export async function insertUser(
  db: Queries,
  user: NewUser & Partial<Pick<UserRow, 'seeded_as' | 'email_verified_at'>>,
  now: Date,
): Promise<UserRow> {
  const rows = await db.query<UserRow>(sql`
    insert into users (guid, email, email_verified_at, password_digest, first_name, last_name, role, locale, seeded_as,
      created_at, updated_at)
    values (${user.guid}, ${user.email}, ${user.email_verified_at ?? null}, ${user.password_digest}, ${user.first_name}, ${user.last_name}, ${user.role},
      ${user.locale}, ${user.seeded_as ?? null}, ${now}, ${now})
    returning ${columns}`)
  return rows[0] as UserRow
}

/** @param email in its canonical form */
export async function findUserByEmail(db: Queries, email: string): Promise<UserRow | null> {
  const rows = await db.query<UserRow>(sql`select ${columns} from users where email = ${email}`)
  return rows[0] ?? null
}

export async function findUserByGuid(db: Queries, guid: string): Promise<UserRow | null> {
  const rows = await db.query<UserRow>(sql`select ${columns} from users where guid = ${guid}`)
  return rows[0] ?? null
}

export async function findUserById(db: Queries, id: number): Promise<UserRow | null> {
  const rows = await db.query<UserRow>(sql`select ${columns} from users where id = ${id}`)
  return rows[0] ?? null
}

/**
 * Reads a user and locks the row until the transaction ends: whatever changes a password, an address or a role, and every
 * use of a one-time token, waits. Refreshes do not.
 */
export async function lockUserRow(tx: Queries, id: number): Promise<UserRow | null> {
  const lock = lockClause(tx, 'for no key update')
  const rows = await tx.query<UserRow>(sql`select ${columns} from users where id = ${id} ${lock}`)
  return rows[0] ?? null
}

interface UserFilter {
  role: Role | null
  onlyDisabled: boolean
  /** Part of an email address or a name, in upper or lower case. */
  search: string | null
  /** Only users with a higher id, for paging. */
  afterId: number
  limit: number
}

/** Returns users in the order of their ids. */
export async function findUsers(db: Queries, filter: UserFilter): Promise<UserRow[]> {
  const search = filter.search === null ? null : `%${filter.search.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`
  const where = [
    sql`id > ${filter.afterId}`,
    ...(filter.role === null ? [] : [sql`role = ${filter.role}`]),
    ...(filter.onlyDisabled ? [sql`disabled_at is not null`] : []),
    ...(search === null
      ? []
      : [
          sql`lower((email || ' ' || coalesce(first_name, '') || ' ' || coalesce(last_name, ''))
            ${await unicodeCollation(db)}) like ${search} escape '\\'`,
        ]),
  ]
  return db.query<UserRow>(sql`
    select ${columns} from users where ${join(where, ' and ')} order by id limit ${filter.limit}`)
}

/**
 * The collation by which `lower` knows all letters: with PostgreSQL's `C`, which `initdb --locale=C` makes the default, it
 * knows ASCII only. Nothing on SQLite, or where PostgreSQL has no such collation.
 */
async function unicodeCollation(db: Queries): Promise<Sql> {
  if (db.dialect === 'sqlite') return empty
  const [found] = await db.query<{ collname: string }>(sql`
    select collname from pg_collation where collname in ('und-x-icu', 'C.utf8', 'pg_c_utf8', 'en_US.utf8')
      and collencoding in (-1, pg_char_to_encoding('UTF8')) order by collname desc limit 1`)
  return found ? sql`collate ${raw(`"${found.collname}"`)}` : empty
}

/** The roles that users have beside the given ones. */
export async function findOtherRoles(db: Queries, roles: readonly Role[]): Promise<Role[]> {
  const rows = await db.query<{ role: Role }>(sql`
    select distinct role from users where role not in (${join([...roles])}) order by role`)
  return rows.map(({ role }) => role)
}

/** The email addresses of users that a development server seeded. */
export async function findSeededUsers(db: Queries): Promise<string[]> {
  const rows = await db.query<{ email: string }>(sql`select email from users where seeded_as is not null order by id`)
  return rows.map(({ email }) => email)
}

/** The email addresses of users that have signed in, or failed to, since a time; at most ten thousand. */
export async function findEmailsOfLogins(db: Queries, since: Date): Promise<string[]> {
  const rows = await db.query<{ email: string }>(sql`
    select distinct u.email from audit_events a join users u on u.id = a.user_id
    where a.at >= ${since} and a.kind in ('login_failed', 'login_succeeded') limit 10000`)
  return rows.map(({ email }) => email)
}

/** The email addresses of users, by their ids. */
export async function findEmailsOfUsers(db: Queries, ids: readonly number[]): Promise<Map<number, string>> {
  const rows = await db.query<{ id: number; email: string }>(sql`
    select id, email from users where id in (${join(ids)})`)
  return new Map(rows.map(({ id, email }) => [id, email]))
}

export async function hasUsers(db: Queries): Promise<boolean> {
  return (await db.query(sql`select id from users limit 1`)).length > 0
}

/** Compares and swaps: returns false if the digest is no longer the one that the caller read. */
export async function replacePasswordDigest(
  db: Queries,
  change: { id: number; from: string | null; to: string; now: Date },
): Promise<boolean> {
  const unchanged = change.from === null ? sql`password_digest is null` : sql`password_digest = ${change.from}`
  const rows = await db.query(sql`
    update users set password_digest = ${change.to}, updated_at = ${change.now}
    where id = ${change.id} and ${unchanged} returning id`)
  return rows.length === 1
}

/** Sets a password without regard to the one before; null takes it away. */
export async function setPasswordDigest(
  tx: Queries,
  { id, digest, now }: { id: number; digest: string | null; now: Date },
): Promise<void> {
  await tx.query(sql`update users set password_digest = ${digest}, updated_at = ${now} where id = ${id}`)
}

/** Records that the address of a user is proven; a time from before stays. */
export async function markEmailVerified(tx: Queries, id: number, now: Date): Promise<void> {
  await tx.query(sql`
    update users set email_verified_at = ${now}, updated_at = ${now} where id = ${id} and email_verified_at is null`)
}

/** Records that the addresses of users from before a time are proven, and returns the ids of those that were not. */
export async function markEmailsVerified(
  tx: Queries,
  { before, now, limit }: { before: Date; now: Date; limit: number },
): Promise<number[]> {
  const rows = await tx.query<{ id: number }>(sql`
    update users set email_verified_at = ${now}, updated_at = ${now}
    where id in (
      select id from users where email_verified_at is null and created_at < ${before} order by id limit ${limit})
    returning id`)
  return rows.map(({ id }) => id)
}

/** Gives a user a proven address. @throws {UniqueViolation} of `users.email` */
export async function setVerifiedEmail(
  tx: Queries,
  { id, email, now }: { id: number; email: string; now: Date },
): Promise<void> {
  await tx.query(sql`
    update users set email = ${email}, email_verified_at = ${now}, updated_at = ${now} where id = ${id}`)
}

/** Disables a user, whose tokens are void from then on. Returns false if there is no such user, or nothing to change. */
export function disableUser(tx: Queries, { id, now }: { id: number; now: Date }): Promise<boolean> {
  return voidTokens(tx, sql`disabled_at = ${now}`, sql`id = ${id} and disabled_at is null`, now)
}

/** Enables a user again. Returns false if there is no such user, or nothing to change. */
export async function enableUser(tx: Queries, { id, now }: { id: number; now: Date }): Promise<boolean> {
  const rows = await tx.query(sql`
    update users set disabled_at = null, updated_at = ${now} where id = ${id} and disabled_at is not null returning id`)
  return rows.length === 1
}

/** Changes the role of a user: tokens with the other one are void. Returns false if there is no such user, or no change. */
export function setRole(tx: Queries, { id, role, now }: { id: number; role: Role; now: Date }): Promise<boolean> {
  return voidTokens(tx, sql`role = ${role}`, sql`id = ${id} and role <> ${role}`, now)
}

/** Changes a user so that the access tokens from before say what is no longer true, and records that. */
export async function voidTokens(tx: Queries, change: Sql, condition: Sql, now: Date): Promise<boolean> {
  const update = sql`
    update users set ${change}, token_version = token_version + 1, updated_at = ${now}
    where ${condition} returning guid as ended, token_version as version`
  return (await recordEndings(tx, update, { kind: 'subject', at: now })).length === 1
}

/** The fields of a user that operators change. */
export type UserChange = Partial<Pick<UserRow, 'email' | 'first_name' | 'last_name' | 'locale'>>

const CHANGEABLE = ['email', 'first_name', 'last_name', 'locale'] as const

/** Changes fields of a user; those that are absent stay. Returns null if there is no such user. */
export async function updateUser(
  tx: Queries,
  { id, change, now }: { id: number; change: UserChange; now: Date },
): Promise<UserRow | null> {
  const changed = CHANGEABLE.filter((field) => change[field] !== undefined)
  const sets = changed.map((field) => sql`${raw(field)} = ${change[field]}`)
  const rows = await tx.query<UserRow>(sql`
    update users set ${join([...sets, sql`updated_at = ${now}`])} where id = ${id} returning ${columns}`)
  return rows[0] ?? null
}

/** Deletes a user with their sessions, tokens and mails (`on delete cascade`). Returns false if there was none. */
export async function deleteUser(tx: Queries, id: number, now: Date): Promise<boolean> {
  const deletion = sql`delete from users where id = ${id} returning guid as ended, ${raw(`${ABOVE_EVERY_VERSION}`)} as version`
  return (await recordEndings(tx, deletion, { kind: 'subject', at: now })).length === 1
}
