import sql, { join, raw } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'

/** The uses of one-time tokens. */
export type Purpose = 'reset_password' | 'verify_email' | 'change_email' | 'undo_email' | 'not_me' | 'login' | 'sign_up'

/** A row from which the link and the code of a mail are derived; neither is stored. */
export interface OneTimeToken {
  id: string
  purpose: Purpose
  /** Null until the address is looked up, and for an address without an account. */
  user_id: number | null
  /** The address that the mail is sent to; the token is good only while it is the user's. */
  recipient: string
  /** 16 random bytes in base64url. */
  salt: string
  /** The digest of the `login_token` that the client began with. */
  holder_digest: string | null
  data: TokenData
  attempts_left: number
  /** When its mail was written; null for one that still has to be. */
  prepared_at: Date | null
  expires_at: Date
  used_at: Date | null
  created_at: Date
}

/** Facts of a token. They contain no secret but, for a sign-up that is not complete, the digest of its password. */
export type TokenData = Record<string, string | null>

const columns = raw(
  'id, purpose, user_id, recipient, salt, holder_digest, data, attempts_left, prepared_at, expires_at, used_at, created_at',
)

type Stored = Omit<OneTimeToken, 'data'> & { data: string }

function read(rows: readonly Stored[]): OneTimeToken[] {
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) }))
}

export async function insertToken(db: Queries, token: Omit<OneTimeToken, 'used_at'>): Promise<void> {
  await db.query(sql`
    insert into one_time_tokens (id, purpose, user_id, recipient, salt, holder_digest, data, attempts_left, prepared_at,
      expires_at, created_at)
    values (${token.id}, ${token.purpose}, ${token.user_id}, ${token.recipient}, ${token.salt}, ${token.holder_digest},
      ${JSON.stringify(token.data)}, ${token.attempts_left}, ${token.prepared_at}, ${token.expires_at},
      ${token.created_at})`)
}

/** Finds a token that is neither used nor expired. */
export async function findOpenToken(db: Queries, id: string, now: Date): Promise<OneTimeToken | null> {
  const rows = await db.query<Stored>(sql`
    select ${columns} from one_time_tokens where id = ${id} and used_at is null and expires_at > ${now}`)
  return read(rows)[0] ?? null
}

/** Finds the token that a client began with, used or not. */
export async function findTokenOfHolder(db: Queries, holderDigest: string): Promise<OneTimeToken | null> {
  const rows = await db.query<Stored>(sql`
    select ${columns} from one_time_tokens where holder_digest = ${holderDigest}`)
  return read(rows)[0] ?? null
}

/** Returns the open tokens of a user for a purpose whose mails are written, newest first. */
export async function findOpenTokensOfUser(
  db: Queries,
  { userId, purpose, now }: { userId: number; purpose: Purpose; now: Date },
): Promise<OneTimeToken[]> {
  const rows = await db.query<Stored>(sql`
    select ${columns} from one_time_tokens
    where user_id = ${userId} and purpose = ${purpose} and used_at is null and expires_at > ${now}
      and prepared_at is not null order by created_at desc, id limit 20`)
  return read(rows)
}

/** Returns the oldest tokens whose mails still have to be written. */
export async function findUnpreparedTokens(db: Queries, limit: number): Promise<OneTimeToken[]> {
  const rows = await db.query<Stored>(sql`
    select ${columns} from one_time_tokens where prepared_at is null order by created_at limit ${limit}`)
  return read(rows)
}

/**
 * Takes the preparation of a mail: of parallel processes, one gets an answer, whether the token is open still. Another one
 * waits until its transaction ends, and gets null. The caller has locked the users before: uses of a token lock them first.
 */
export async function claimPreparation(tx: Queries, id: string, now: Date): Promise<{ isOpen: boolean } | null> {
  const rows = await tx.query<Pick<OneTimeToken, 'used_at' | 'expires_at'>>(sql`
    update one_time_tokens set prepared_at = ${now} where id = ${id} and prepared_at is null
    returning used_at, expires_at`)
  return rows[0] ? { isOpen: rows[0].used_at === null && rows[0].expires_at > now } : null
}

/** Sets whom a token is for, once that is known. */
export async function addressToken(
  tx: Queries,
  { id, userId, recipient, data }: Pick<OneTimeToken, 'id' | 'recipient' | 'data'> & { userId: number | null },
): Promise<void> {
  await tx.query(sql`
    update one_time_tokens set user_id = ${userId}, recipient = ${recipient}, data = ${JSON.stringify(data)}
    where id = ${id}`)
}

/** Takes one of the attempts at the code of an open token. Returns null if none is left, or the token is not open. */
export async function takeAttempt(db: Queries, id: string, now: Date): Promise<OneTimeToken | null> {
  const rows = await db.query<Stored>(sql`
    update one_time_tokens set attempts_left = attempts_left - 1
    where id = ${id} and attempts_left > 0 and used_at is null and expires_at > ${now} returning ${columns}`)
  return read(rows)[0] ?? null
}

/** Uses up an open token. Of parallel calls, one succeeds. */
export async function useToken(tx: Queries, id: string, now: Date): Promise<boolean> {
  const rows = await tx.query(sql`
    update one_time_tokens set used_at = ${now}, expires_at = ${now}
    where id = ${id} and used_at is null and expires_at > ${now} returning id`)
  return rows.length === 1
}

/** Ends the open tokens of a user but those by which the owner of the account takes it back. */
export async function endTokensOfUser(tx: Queries, userId: number, now: Date): Promise<void> {
  await tx.query(sql`
    update one_time_tokens set used_at = ${now}, expires_at = ${now}
    where user_id = ${userId} and purpose not in ('undo_email', 'not_me') and used_at is null and expires_at > ${now}`)
}

/** Returns the open links of a user that undo a change of address, in no order. */
export async function findUndoTokens(tx: Queries, userId: number, now: Date): Promise<OneTimeToken[]> {
  const rows = await tx.query<Stored>(sql`
    select ${columns} from one_time_tokens
    where user_id = ${userId} and purpose = ${'undo_email'} and used_at is null and expires_at > ${now}`)
  return read(rows)
}

/** Ends every open token of a user but those that went to one of these addresses. */
export async function endTokensToOthers(
  tx: Queries,
  { userId, keep, now }: { userId: number; keep: readonly string[]; now: Date },
): Promise<void> {
  await tx.query(sql`
    update one_time_tokens set used_at = ${now}, expires_at = ${now}
    where user_id = ${userId} and used_at is null and expires_at > ${now} and recipient not in (${join(keep)})`)
}

/** Sets the end of an open token anew. */
export async function setTokenEnd(db: Queries, id: string, expiresAt: Date): Promise<void> {
  await db.query(sql`update one_time_tokens set expires_at = ${expiresAt} where id = ${id} and used_at is null`)
}

export async function deleteToken(db: Queries, id: string): Promise<void> {
  await db.query(sql`delete from one_time_tokens where id = ${id}`)
}

/** Ends every one-time token, for an operator who restored a backup: used ones would be good again. */
export async function endEveryToken(db: Queries, now: Date): Promise<void> {
  await db.query(sql`
    update one_time_tokens set used_at = ${now}, expires_at = ${now} where used_at is null and expires_at > ${now}`)
}
