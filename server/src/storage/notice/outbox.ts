import sql, { raw, type Sql } from 'sql-template-tag'
import type { Purpose } from '../account/one-time-tokens.ts'
import type { Queries } from '../database/database.ts'
import type { MailData, MailKind } from './mail-data.ts'

interface MailOfKind<Kind extends MailKind> {
  /** Null for an address without an account. */
  user_id: number | null
  /** The address, fixed when the mail is written: a notice of a change must not reach the new address. */
  recipient?: string
  /** The language of a mail to an address without an account, instead of the user's. */
  locale?: string
  /** The event that the mail reports; its message is worded when it is sent. */
  kind: Kind
  data: MailData[Kind]
  /** A second mail with the same key is never written. */
  dedupe_key: string
  /** The one-time token whose link or code the mail carries. */
  token_id?: string
  /** Notices, which is the default, are sent before mails that were asked for. */
  urgency?: Urgency
}

export const URGENCY = { notice: 0, requested: 1 } as const
type Urgency = (typeof URGENCY)[keyof typeof URGENCY]

/** A mail of any kind, with the data of that kind. */
export type NewMail = { [Kind in MailKind]: MailOfKind<Kind> }[MailKind]

/** A stored mail. Its data may be from another version, or damaged: no field is certain. */
export interface MailRow extends Pick<NewMail, 'user_id' | 'kind' | 'dedupe_key'> {
  id: number
  token_id: string | null
  data: StoredMailData
  attempts: number
  /** How often the mail server refused it permanently. */
  refusals: number
  next_attempt_at: Date
  sent_at: Date | null
  /** When it was given up. */
  failed_at: Date | null
  last_error: string | null
  leased_until: Date | null
  retried_at: Date | null
  created_at: Date
  email: string
  locale: string
  /** The one-time token, unless it is gone. */
  token_purpose: Purpose | null
  token_salt: string | null
  /** When it stops being good; null if it was used, or has ended otherwise. */
  token_ends_at: Date | null
  token_created_at: Date | null
}

type StoredMailData = Record<string, string | null>

export async function insertMail(tx: Queries, mail: NewMail, now: Date): Promise<void> {
  await tx.query(sql`
    insert into outbox (user_id, recipient, locale, kind, data, dedupe_key, token_id, urgency, next_attempt_at, created_at)
    values (${mail.user_id}, ${mail.recipient ?? null}, ${mail.locale ?? null}, ${mail.kind},
      ${JSON.stringify(mail.data)}, ${mail.dedupe_key}, ${mail.token_id ?? null}, ${mail.urgency ?? URGENCY.notice}, ${now},
      ${now})
    on conflict do nothing`)
}

const columns = raw(`o.id, o.user_id, o.kind, o.data, o.dedupe_key, o.token_id, o.attempts, o.refusals,
  o.next_attempt_at, o.sent_at, o.failed_at, o.last_error, o.leased_until, o.retried_at, o.created_at,
  coalesce(o.recipient, u.email) as email, coalesce(o.locale, u.locale) as locale, t.purpose as token_purpose,
  t.salt as token_salt, case when t.used_at is null then t.expires_at end as token_ends_at,
  t.created_at as token_created_at`)

const mailsWithTokens = raw(`outbox o left join users u on u.id = o.user_id
  left join one_time_tokens t on t.id = o.token_id`)

export async function findMail(db: Queries, id: number): Promise<MailRow | null> {
  const rows = await db.query<Omit<MailRow, 'data'> & { data: string }>(
    sql`select ${columns} from ${mailsWithTokens} where o.id = ${id}`,
  )
  return rows.map(parseData)[0] ?? null
}

export const MAIL_STATES = ['waiting', 'sent', 'failed'] as const

export type MailState = (typeof MAIL_STATES)[number]

export function mailState({ sent_at, failed_at }: Pick<MailRow, 'sent_at' | 'failed_at'>): MailState {
  if (sent_at) return 'sent'
  return failed_at ? 'failed' : 'waiting'
}

const STATE_CONDITIONS: Record<MailState, Sql> = {
  waiting: sql`o.sent_at is null and o.failed_at is null`,
  sent: sql`o.sent_at is not null`,
  failed: sql`o.failed_at is not null`,
}

/** Returns the newest mails first; of one user if the filter names one. */
export async function findMails(
  db: Queries,
  filter: { state: MailState | null; userId?: number; afterId: number; limit: number },
): Promise<MailRow[]> {
  const state = filter.state === null ? sql`1 = 1` : STATE_CONDITIONS[filter.state]
  const user = filter.userId === undefined ? sql`1 = 1` : sql`o.user_id = ${filter.userId}`
  const rows = await db.query<Omit<MailRow, 'data'> & { data: string }>(sql`
    select ${columns} from ${mailsWithTokens}
    where o.id > ${filter.afterId} and ${state} and ${user} order by o.id desc limit ${filter.limit}`)
  return rows.map(parseData)
}

/** Treats damaged data as empty: one row must not keep the others from being read. */
function parseData<Row extends { data: string }>(row: Row): Omit<Row, 'data'> & { data: StoredMailData } {
  const { data, ...rest } = row
  try {
    return { ...rest, data: { ...JSON.parse(data) } }
  } catch {
    return { ...rest, data: {} }
  }
}

/** Returns the data of the mails of one kind that were written to a user since a time, sent or not. */
export async function findMailsSince(
  tx: Queries,
  mails: { userId: number; kind: MailKind; since: Date },
): Promise<{ data: StoredMailData }[]> {
  const rows = await tx.query<{ data: string }>(sql`
    select data from outbox
    where user_id = ${mails.userId} and kind = ${mails.kind} and created_at > ${mails.since}`)
  return rows.map(parseData)
}

/** The user and the kind of a mail that was changed. */
type MailAbout = Pick<MailRow, 'user_id' | 'kind'>

/**
 * Makes a mail that waits or was given up due at once, and tries it for as long as a new one. Returns null if it was sent,
 * is being sent, or does not exist.
 */
export async function retryMail(db: Queries, id: number, now: Date): Promise<MailAbout | null> {
  const rows = await db.query<MailAbout>(sql`
    update outbox set next_attempt_at = ${now}, retried_at = ${now}, failed_at = null, refusals = 0
    where id = ${id} and sent_at is null and (leased_until is null or leased_until <= ${now})
    returning user_id, kind`)
  return rows[0] ?? null
}

/** Deletes a mail, sent or not. Returns null if it does not exist. */
export async function dropMail(db: Queries, id: number): Promise<MailAbout | null> {
  return (await db.query<MailAbout>(sql`delete from outbox where id = ${id} returning user_id, kind`))[0] ?? null
}

/** Deletes the address of a mail that was sent to one that is no user's. */
export async function blankRecipient(db: Queries, id: number): Promise<void> {
  await db.query(sql`update outbox set recipient = ${''} where id = ${id}`)
}
