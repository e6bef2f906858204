import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Role } from '../account/users.ts'
import { arrayParameter } from '../database/array-parameter.ts'
import type { Database, Queries, Together } from '../database/database.ts'
import type { RevokeReason } from './revoke-reason.ts'
import { endWithEpoch, epochEndColumn } from './session-epoch.ts'
import type { Rotation, SessionKind, TokenCarrier } from './sessions.ts'

/** The part of a session and its user that access tokens tell, and that decides nothing. */
export interface CarriedRow {
  authenticated_at: Date
  amr: string
  /** JSON objects. */
  user_claims: string
  session_claims: string
}

/** A session with its user and its token rows: everything that decides a refresh, read in one statement. */
export interface ChainRow extends CarriedRow {
  session_id: string
  kind: SessionKind
  rotation: Rotation
  /** How its tokens travel; null if they may travel either way. */
  token_carrier: TokenCarrier | null
  expires_at: Date
  revoked_at: Date | null
  revoke_reason: RevokeReason | null
  user_id: number
  guid: string
  role: Role
  token_version: number
  disabled_at: Date | null
  tokens: TokenRow[]
}

export interface TokenRow {
  generation: number
  token_digest: string
  /** Null in generation 0, whose secret is random and not derived. */
  salt: string | null
  jti: string
  token_ip: string
  used_at: Date | null
  attempt_digest: string | null
  /** The key that the token was used with, where it is not the one in `attempt_digest`. */
  key_digest: string | null
  token_expires_at: Date
  token_created_at: Date
}

export interface NewToken {
  session_id: string
  user_id: number
  /** The public selector. */
  token: string
  generation: number
  token_digest: string
  salt: string | null
  jti: string
  ip: string
  expires_at: Date
}

type ChainLine = Omit<ChainRow, 'tokens'> & { epoch_ended_at: string | null } & (TokenRow | { generation: null })

const chainColumns = sql`s.id as session_id, s.kind, s.rotation, s.token_carrier, s.expires_at, s.revoked_at,
  s.revoke_reason, s.auth_time as authenticated_at, s.amr, s.claims as session_claims, ${epochEndColumn}, u.id as user_id,
  u.guid, u.role, u.token_version, u.disabled_at, u.claims as user_claims, t.generation, t.token_digest, t.salt, t.jti,
  t.ip as token_ip, t.used_at, t.attempt_digest, t.key_digest, t.expires_at as token_expires_at,
  t.created_at as token_created_at`

/** Finds chains by the ids of their sessions. */
export const CHAINS: Together<string, ChainRow | null> = {
  async one(db, sessionId) {
    return chainOf(
      await db.query<ChainLine>(sql`
        select ${chainColumns}
        from sessions s
        join users u on u.id = s.user_id
        left join refresh_tokens t on t.session_id = s.id
        where s.id = ${sessionId}`),
    )
  },

  async many(db, sessionIds) {
    const found = await db.query<ChainLine & { item: number }>(sql`
      select asked.item, ${chainColumns}
      from unnest(${arrayParameter(sessionIds)}::uuid[]) with ordinality as asked(id, item)
      cross join lateral (select * from sessions where id = asked.id offset 0) s
      cross join lateral (select * from users where id = s.user_id offset 0) u
      left join lateral (select * from refresh_tokens where session_id = s.id offset 0) t on true`)
    const lines: ChainLine[][] = sessionIds.map(() => [])
    for (const { item, ...line } of found) lines[item - 1]?.push(line as ChainLine)
    return lines.map(chainOf)
  },
}

function chainOf(lines: readonly ChainLine[]): ChainRow | null {
  const [first] = lines
  return first ? { ...endWithEpoch(first), tokens: lines.filter((line) => line.generation !== null) } : null
}

export function findChain(db: Database, sessionId: string): Promise<ChainRow | null> {
  return db.together(CHAINS, sessionId)
}

/** Finds the token of a generation in a chain; null if it never existed or was pruned. */
export function findToken(chain: Pick<ChainRow, 'tokens'>, generation: number): TokenRow | null {
  return chain.tokens.find((row) => row.generation === generation) ?? null
}

export const insertIntoTokens = raw(`insert into refresh_tokens (session_id, user_id, token, generation, token_digest,
  salt, jti, ip, expires_at, created_at, updated_at)`)

export function tokenValues(token: NewToken, now: Date): Sql {
  return sql`values (${token.session_id}, ${token.user_id}, ${token.token}, ${token.generation}, ${token.token_digest},
    ${token.salt}, ${token.jti}, ${token.ip}, ${token.expires_at}, ${now}, ${now})`
}

/** Inserts the first token of a chain. */
export async function insertFirstToken(tx: Queries, token: NewToken, now: Date): Promise<void> {
  await tx.query(insertionOfFirstToken(token, now))
}

export function insertionOfFirstToken(token: NewToken, now: Date): Sql {
  return sql`${insertIntoTokens} ${tokenValues(token, now)}`
}

export async function deleteTokensOfSessions(tx: Queries, sessionIds: readonly string[]): Promise<void> {
  if (sessionIds.length === 0) return
  await tx.query(sql`delete from refresh_tokens where session_id in (${join(sessionIds)})`)
}
