import sql, { raw, type Sql } from 'sql-template-tag'
import { atomically, type Database, type Queries } from '../database/database.ts'
import { insertIntoTokens, type NewToken, tokenValues } from './refresh-tokens.ts'
import { isActive } from './session-epoch.ts'

// Locks are taken in the order user, session, tokens. On PostgreSQL each step is one statement. Its parts run in that order
// because each reads the rows that the part before it returned; a part that finds no row leaves nothing to do for the rest.

export interface Rotation {
  /** Identifies the attempt that uses up the token before the successor. */
  attemptDigest: string
  /** The client's key, where the attempt is not known by it. */
  ignoredKeyDigest: string | null
  successor: NewToken & { salt: string }
  now: Date
}

/**
 * Marks a token as used, inserts its successor and deletes older tokens, in one atomic step. No caller rotates a token that
 * already has a successor; if it did, that successor would stay the only one.
 *
 * @returns false for a lost race: the token was used, or the session ended, since the caller read them
 */
export function rotateToken(db: Database, rotation: Rotation): Promise<boolean> {
  return atomically(db, (queries) => rotateTokenIn(queries, rotation))
}

/** Does the same as {@link rotateToken} inside a transaction that has more to write. */
export function rotateTokenIn(tx: Queries, rotation: Rotation): Promise<boolean> {
  return tx.dialect === 'postgres' ? rotateOnPostgres(tx, rotation) : rotateOnSqlite(tx, rotation)
}

async function rotateOnPostgres(
  db: Queries,
  { attemptDigest, ignoredKeyDigest, successor, now }: Rotation,
): Promise<boolean> {
  const rows = await db.query(sql`
    with ${lockedSession(successor, now)},
    used as (
      update refresh_tokens t set used_at = ${now}, attempt_digest = ${attemptDigest},
        key_digest = ${ignoredKeyDigest}, updated_at = ${now}
      from locked_session s where t.session_id = s.id and t.generation = ${successor.generation - 1} and t.used_at is null
      returning t.session_id, t.user_id
    ),
    pruned as (
      delete from refresh_tokens t using used
      where t.session_id = used.session_id and t.generation < ${successor.generation - 1}
    )
    ${insertSuccessorFrom('used', successor, now)}`)
  return rows.length === 1
}

async function rotateOnSqlite(
  tx: Queries,
  { attemptDigest, ignoredKeyDigest, successor, now }: Rotation,
): Promise<boolean> {
  if (!(await touchActiveSession(tx, successor, now))) return false
  const used = await tx.query(sql`
    update refresh_tokens set used_at = ${now}, attempt_digest = ${attemptDigest}, key_digest = ${ignoredKeyDigest},
      updated_at = ${now}
    where session_id = ${successor.session_id} and generation = ${successor.generation - 1} and used_at is null
    returning id`)
  if (used.length === 0) return false
  await tx.query(sql`
    delete from refresh_tokens
    where session_id = ${successor.session_id} and generation < ${successor.generation - 1}`)
  return insertOnSqlite(tx, successor, now)
}

/**
 * Inserts the successor of an adaptive session's first token, which itself stays unused.
 *
 * @returns false for a lost race: there is a successor already, the token was used, or the session ended
 */
export function insertOffer(db: Database, successor: NewToken & { salt: string }, now: Date): Promise<boolean> {
  return atomically(db, async (queries) => {
    if (queries.dialect === 'postgres') {
      const rows = await queries.query(sql`
        with ${lockedSession(successor, now)}, ${unusedFirstToken()}
        ${insertSuccessorFrom('first', successor, now)}`)
      return rows.length === 1
    }
    if (!(await touchActiveSession(queries, successor, now))) return false
    const first = await queries.query(sql`
      select id from refresh_tokens
      where session_id = ${successor.session_id} and generation = 0 and used_at is null`)
    return first.length === 1 && insertOnSqlite(queries, successor, now)
  })
}

/**
 * Renews the unused successor of an adaptive session's first token.
 *
 * @returns false for a lost race: the successor was used, or the session ended
 */
export function renewOffer(
  db: Database,
  offer: { session_id: string; user_id: number; jti: string; expires_at: Date },
  now: Date,
): Promise<boolean> {
  return atomically(db, async (queries) => {
    const renewal = sql`expires_at = ${offer.expires_at}, jti = ${offer.jti}, updated_at = ${now}`
    if (queries.dialect === 'postgres') {
      const rows = await queries.query(sql`
        with ${lockedSession(offer, now)}, ${unusedFirstToken()}
        update refresh_tokens t set ${renewal}
        from first where t.session_id = first.session_id and t.generation = 1 and t.used_at is null
        returning t.id`)
      return rows.length === 1
    }
    if (!(await touchActiveSession(queries, offer, now))) return false
    const rows = await queries.query(sql`
      update refresh_tokens set ${renewal}
      where session_id = ${offer.session_id} and generation = 1 and used_at is null returning id`)
    return rows.length === 1
  })
}

/** Locks the user against deletion, then the session against every change, if the user is enabled and the session active. */
function lockedSession(ids: { session_id: string; user_id: number }, now: Date): Sql {
  return sql`locked_user as (
      select id from users where id = ${ids.user_id} and disabled_at is null for key share
    ),
    locked_session as (
      update sessions s set refreshed_at = ${now}
      from locked_user u
      where s.id = ${ids.session_id} and s.user_id = u.id and ${isActive(now)}
      returning s.id, s.user_id
    )`
}

/** Locks the token, because the statement's snapshot is older than the session lock that it may have waited for. */
function unusedFirstToken(): Sql {
  return sql`first as (
      select t.session_id, t.user_id from refresh_tokens t join locked_session s on s.id = t.session_id
      where t.generation = 0 and t.used_at is null for share of t
    )`
}

/** Inserts the successor of the row that an earlier part of the statement returned, if it returned one. */
function insertSuccessorFrom(part: 'used' | 'first', successor: NewToken, now: Date): Sql {
  const parent = raw(part)
  return sql`${insertIntoTokens}
    select ${parent}.session_id, ${parent}.user_id, ${successor.token}, ${successor.generation},
      ${successor.token_digest}, ${successor.salt}, ${successor.jti}::uuid, ${successor.ip},
      ${successor.expires_at}::timestamptz, ${now}::timestamptz, ${now}::timestamptz
    from ${parent} on conflict do nothing returning id`
}

/** Updates the session if it is active and its user enabled; returns whether it did. */
async function touchActiveSession(
  tx: Queries,
  ids: { session_id: string; user_id: number },
  now: Date,
): Promise<boolean> {
  const rows = await tx.query(sql`
    update sessions set refreshed_at = ${now}
    where id = ${ids.session_id} and ${isActive(now)}
      and exists (select 1 from users where id = ${ids.user_id} and disabled_at is null)
    returning id`)
  return rows.length === 1
}

async function insertOnSqlite(tx: Queries, token: NewToken, now: Date): Promise<boolean> {
  const rows = await tx.query(sql`${insertIntoTokens} ${tokenValues(token, now)} on conflict do nothing returning id`)
  return rows.length === 1
}
