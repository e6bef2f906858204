import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Role } from '../account/users.ts'
import { arrayParameter } from '../database/array-parameter.ts'
import type { Database, Queries, Together } from '../database/database.ts'
import { type CarriedRow, insertIntoTokens, type NewToken } from './refresh-tokens.ts'
import { isActive } from './session-epoch.ts'
import type { TokenCarrier } from './sessions.ts'

// The one statement that repeats a line of the policy, "rotate" of a login: `rotate-together.test.ts` holds it to `decide`.
// Locks are taken in the order user, session, tokens, in the order of their ids, and only those that are free: no batch
// waits while it holds a lock, so none can be part of a deadlock.

/** A rotation of a login's token that was not read before, if the policy grants it. */
export interface UnreadRotation {
  sessionId: string
  /** The generation of the presented token, and the digest of its secret. */
  generation: number
  tokenDigest: string
  /** How the token travelled. */
  carrier: TokenCarrier
  /** A token that was made between these times is kept; null for none. */
  keptIfMade: { after: Date; before: Date } | null
  /** The client's key; null for none. */
  keyDigest: string | null
  /** Identifies the attempt without a key, or with the key of the token before. */
  randomDigest: string
  /** Its `expires_at` is that of its own lifetime. */
  successor: Omit<NewToken, 'session_id' | 'user_id' | 'generation'>
  now: Date
}

export interface Rotated extends CarriedRow {
  guid: string
  role: Role
  token_version: number
  session_expires_at: Date
  /** The end of the successor's life. */
  token_expires_at: Date
}

/** The parameters of a rotation: name, type and value. */
const COLUMNS: [name: string, type: string, value: (rotation: UnreadRotation) => string | number | Date | null][] = [
  ['session_id', 'uuid', ({ sessionId }) => sessionId],
  ['generation', 'int', ({ generation }) => generation],
  ['token_digest', 'text', ({ tokenDigest }) => tokenDigest],
  ['carrier', 'text', ({ carrier }) => carrier],
  ['kept_after', 'timestamptz', ({ keptIfMade }) => keptIfMade?.after ?? null],
  ['kept_before', 'timestamptz', ({ keptIfMade }) => keptIfMade?.before ?? null],
  ['key_digest', 'text', ({ keyDigest }) => keyDigest],
  ['random_digest', 'text', ({ randomDigest }) => randomDigest],
  ['next_token', 'text', ({ successor }) => successor.token],
  ['next_digest', 'text', ({ successor }) => successor.token_digest],
  ['next_salt', 'text', ({ successor }) => successor.salt],
  ['next_jti', 'uuid', ({ successor }) => successor.jti],
  ['next_ip', 'text', ({ successor }) => successor.ip],
  ['next_end', 'timestamptz', ({ successor }) => successor.expires_at],
  ['now', 'timestamptz', ({ now }) => now],
]

const columnNames = raw(COLUMNS.map(([name]) => name).join(', '))

type RotatedRow = Rotated & { session_id: string }

/** Rotates tokens of logins that were not read before. A result is null if its token is to be read, and nothing changed. */
export const ROTATIONS: Together<UnreadRotation, Rotated | null> = {
  async one(db, rotation) {
    const values = COLUMNS.map(([name, type, value]) => sql`${value(rotation)}::${raw(type)} as ${raw(name)}`)
    const [rotated] = await db.query<RotatedRow>(rotate(sql`select ${join(values)}`))
    return rotated ?? null
  },

  async many(db, rotations) {
    const rows = await db.query<RotatedRow>(rotateManyStatement(rotations))
    const bySession = new Map(rows.map((row) => [row.session_id, row]))
    return rotations.map(({ sessionId }) => bySession.get(sessionId) ?? null)
  },

  // An update that finds two sources for a row takes either. The later request is answered by what the earlier one wrote.
  exclusive: { key: ({ sessionId }) => sessionId, otherwise: null },
}

/** Whether {@link rotateUnread} may save a statement. On SQLite, reading costs next to nothing. */
export function rotatesUnread({ dialect }: Pick<Queries, 'dialect'>): boolean {
  return dialect === 'postgres'
}

/**
 * Rotates a token of a login that was not read before, in one atomic step, on PostgreSQL only.
 *
 * @returns null if nothing changed: the token is to be read, because the policy has another answer or a row was locked
 */
export function rotateUnread(db: Database, rotation: UnreadRotation): Promise<Rotated | null> {
  return db.together(ROTATIONS, rotation)
}

export function rotateManyStatement(rotations: readonly UnreadRotation[]): Sql {
  const arrays = COLUMNS.map(([, type, value]) => sql`${arrayParameter(rotations.map(value))}::${raw(type)}[]`)
  return rotate(sql`select * from unnest(${join(arrays)}) as given(${columnNames})`)
}

/** The condition that the token `t` is the one that was presented in `a`, and is to be rotated. */
const isUsable = sql`t.token_digest = a.token_digest and t.used_at is null and t.expires_at > a.now
  and not coalesce(t.created_at > a.kept_after and t.created_at < a.kept_before, false)`

/**
 * Nothing is locked for a token that is not to be rotated. What was read is compared again on the rows as they are when
 * their session is locked. `offset 0` finds a row by its key before any condition, whatever other index there is.
 */
function rotate(asked: Sql): Sql {
  return sql`
    with asked as (${asked}),
    candidates as (
      select a.*, s.user_id, previous.digest as previous_digest
      from asked a
      cross join lateral (
        select user_id, kind, rotation, token_carrier, ${isActive(sql`a.now`)} as is_active
        from sessions where id = a.session_id offset 0
      ) s
      cross join lateral (
        select * from refresh_tokens where session_id = a.session_id and generation = a.generation offset 0
      ) t
      left join lateral (
        select coalesce(key_digest, attempt_digest) as digest
        from refresh_tokens where session_id = a.session_id and generation = a.generation - 1 offset 0
      ) previous on true
      where s.kind = 'login' and s.is_active and (s.rotation = 'strict' or a.generation > 0)
        and (s.token_carrier is null or s.token_carrier = a.carrier) and ${isUsable}
    ),
    enabled as (
      select u.* from (select distinct user_id from candidates order by user_id offset 0) c
      cross join lateral (
        select id, guid, role, token_version, claims as user_claims, disabled_at
        from users where id = c.user_id offset 0 for key share skip locked
      ) u
      where u.disabled_at is null
    ),
    living as (
      select c.*, s.expires_at as session_expires_at, s.auth_time as authenticated_at, s.amr, s.claims as session_claims
      from (
        select candidates.*, guid, role, token_version, user_claims
        from candidates join enabled on enabled.id = user_id order by session_id offset 0
      ) c
      cross join lateral (
        select revoked_at, expires_at, epoch, auth_time, amr, claims
        from sessions where id = c.session_id offset 0 for no key update skip locked
      ) s
      where ${isActive(sql`c.now`)}
    ),
    used as (
      update refresh_tokens t set used_at = a.now, updated_at = a.now,
        attempt_digest = case when a.key_digest is null or a.key_digest = a.previous_digest
          then a.random_digest else a.key_digest end,
        key_digest = case when a.key_digest = a.previous_digest then a.key_digest end
      from living a where t.session_id = a.session_id and t.generation = a.generation and ${isUsable}
      returning a.*
    ),
    touched as (
      update sessions s set refreshed_at = used.now from used where s.id = used.session_id
    ),
    pruned as (
      delete from refresh_tokens t using used
      where t.session_id = used.session_id and t.generation < used.generation
    ),
    born as (
      ${insertIntoTokens}
      select session_id, user_id, next_token, generation + 1, next_digest, next_salt, next_jti, next_ip,
        least(next_end, session_expires_at), now, now
      from used on conflict do nothing returning session_id, expires_at
    )
    select session_id, guid, role, token_version, user_claims, session_claims, authenticated_at, amr, session_expires_at,
      born.expires_at as token_expires_at
    from used join born using (session_id)`
}
