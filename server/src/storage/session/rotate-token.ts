import sql, { raw, type Sql } from 'sql-template-tag'
import { atomically, type Database, type Queries } from '../database/database.ts'
import { insertIntoTokens, type NewToken, tokenValues } from './refresh-tokens.ts'

// Locks are taken in the order user, session, tokens. On PostgreSQL each step is one statement whose parts wait for each
// other through the rows they pass on: a part that finds nothing leaves nothing to do for those behind it.

export interface Rotation {
  /** The attempt that uses up the token before the successor. */
  attemptDigest: string
  successor: NewToken & { salt: string }
  now: Date
}

/**
 * Uses up a token, inserts its successor and deletes what is older, in one atomic step. A successor that is there already,
 * though no decision leads here then, stays the only one.
 *
 * @param db the database, or a transaction that has more to write with the rotation
 * @returns false for a lost race: the token was used, or the session ended, since the caller read them
 */
export function rotateToken(db: Database, rotation: Rotation): Promise<boolean> {
  return atomically(db, (queries) => rotateTokenIn(queries, rotation))
}

/** {@link rotateToken} inside a transaction of the caller's. */
export function rotateTokenIn(tx: Queries, rotation: Rotation): Promise<boolean> {
  return tx.dialect === 'postgres' ? rotateOnPostgres(tx, rotation) : rotateOnSqlite(tx, rotation)
}

async function rotateOnPostgres(db: Queries, { attemptDigest, successor, now }: Rotation): Promise<boolean> {
  const rows = await db.query(sql`
    with ${livingSession(successor, now)},
    used as (
      update refresh_tokens t set used_at = ${now}, attempt_digest = ${attemptDigest}, updated_at = ${now}
      from living where t.session_id = living.id and t.generation = ${successor.generation - 1} and t.used_at is null
      returning t.session_id, t.user_id
    ),
    pruned as (
      delete from refresh_tokens t using used
      where t.session_id = used.session_id and t.generation < ${successor.generation - 1}
    )
    ${insertSuccessorOf('used', successor, now)}`)
  return rows.length === 1
}

async function rotateOnSqlite(tx: Queries, { attemptDigest, successor, now }: Rotation): Promise<boolean> {
  if (!(await touchLivingSession(tx, successor, now))) return false
  const used = await tx.query(sql`
    update refresh_tokens set used_at = ${now}, attempt_digest = ${attemptDigest}, updated_at = ${now}
    where session_id = ${successor.session_id} and generation = ${successor.generation - 1} and used_at is null
    returning id`)
  if (used.length === 0) return false
  await tx.query(sql`
    delete from refresh_tokens
    where session_id = ${successor.session_id} and generation < ${successor.generation - 1}`)
  return insertOnSqlite(tx, successor, now)
}

/**
 * Gives the first token of an adaptive session its successor while it stays unused itself.
 *
 * @returns false for a lost race: it has one already, was used, or the session ended
 */
export function insertOffer(db: Database, successor: NewToken & { salt: string }, now: Date): Promise<boolean> {
  return atomically(db, async (queries) => {
    if (queries.dialect === 'postgres') {
      const rows = await queries.query(sql`
        with ${livingSession(successor, now)}, ${unusedFirstToken()}
        ${insertSuccessorOf('first', successor, now)}`)
      return rows.length === 1
    }
    if (!(await touchLivingSession(queries, successor, now))) return false
    const first = await queries.query(sql`
      select id from refresh_tokens
      where session_id = ${successor.session_id} and generation = 0 and used_at is null`)
    return first.length === 1 && insertOnSqlite(queries, successor, now)
  })
}

/** Renews the successor that the first token of an adaptive session has. False for a lost race: it was used by now. */
export function renewOffer(
  db: Database,
  offer: { session_id: string; user_id: number; jti: string; expires_at: Date },
  now: Date,
): Promise<boolean> {
  return atomically(db, async (queries) => {
    const renewal = sql`expires_at = ${offer.expires_at}, jti = ${offer.jti}, updated_at = ${now}`
    if (queries.dialect === 'postgres') {
      const rows = await queries.query(sql`
        with ${livingSession(offer, now)}, ${unusedFirstToken()}
        update refresh_tokens t set ${renewal}
        from first where t.session_id = first.session_id and t.generation = 1 and t.used_at is null
        returning t.id`)
      return rows.length === 1
    }
    if (!(await touchLivingSession(queries, offer, now))) return false
    const rows = await queries.query(sql`
      update refresh_tokens set ${renewal}
      where session_id = ${offer.session_id} and generation = 1 and used_at is null returning id`)
    return rows.length === 1
  })
}

/** Holds the person against deletion, then the session against everything, if both are in good standing. */
function livingSession(of: { session_id: string; user_id: number }, now: Date): Sql {
  return sql`person as (
      select id from users where id = ${of.user_id} and disabled_at is null for key share
    ),
    living as (
      update sessions s set refreshed_at = ${now}
      from person
      where s.id = ${of.session_id} and s.user_id = person.id and s.revoked_at is null and s.expires_at > ${now}
      returning s.id, s.user_id
    )`
}

/** Locked, because the statement's snapshot is older than the session lock it may have waited for. */
function unusedFirstToken(): Sql {
  return sql`first as (
      select t.session_id, t.user_id from refresh_tokens t join living on living.id = t.session_id
      where t.generation = 0 and t.used_at is null for share of t
    )`
}

/** Inserts the successor of the one row that an earlier part of the statement found, if it found one. */
function insertSuccessorOf(part: 'used' | 'first', successor: NewToken, now: Date): Sql {
  const parent = raw(part)
  return sql`${insertIntoTokens}
    select ${parent}.session_id, ${parent}.user_id, ${successor.token}, ${successor.generation},
      ${successor.token_digest}, ${successor.salt}, ${successor.jti}::uuid, ${successor.ip},
      ${successor.expires_at}::timestamptz, ${now}::timestamptz, ${now}::timestamptz
    from ${parent} on conflict do nothing returning id`
}

async function touchLivingSession(
  tx: Queries,
  of: { session_id: string; user_id: number },
  now: Date,
): Promise<boolean> {
  const rows = await tx.query(sql`
    update sessions set refreshed_at = ${now}
    where id = ${of.session_id} and revoked_at is null and expires_at > ${now}
      and exists (select 1 from users where id = ${of.user_id} and disabled_at is null)
    returning id`)
  return rows.length === 1
}

async function insertOnSqlite(tx: Queries, token: NewToken, now: Date): Promise<boolean> {
  const rows = await tx.query(sql`${insertIntoTokens} ${tokenValues(token, now)} on conflict do nothing returning id`)
  return rows.length === 1
}
