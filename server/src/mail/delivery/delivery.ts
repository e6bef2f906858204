import type { Context } from '../../auth/context/context.ts'
import { beginTokenLife, endAfterMail } from '../../auth/one-time/new-token.ts'
import { sha256 } from '../../crypto/hashing/sha256.ts'
import type { Queries } from '../../storage/database/database.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import { blankRecipient, findMail, type MailRow } from '../../storage/notice/outbox.ts'
import {
  type ClaimedMail,
  claimMails,
  giveUpOldMails,
  hasDueMail,
  markMailFailed,
  markMailSent,
} from '../../storage/notice/outbox-delivery.ts'
import { singleLine } from '../../text/safe-text.ts'
import { renderMail, UnknownMailKind } from '../messages/render-mail.ts'
import type { Sender } from '../messages/sender.ts'
import { NotSent, type Smtp } from './smtp.ts'

interface DeliveryContext extends Pick<Context, 'db' | 'now' | 'log' | 'tokens' | 'metrics'> {
  smtp: Smtp
  sender: Sender
}

/** Longer than sending a mail may take, so that a replica that is merely slow keeps the mails it has claimed. */
const LEASE_SECONDS = 180
const SEND_TIMEOUT_MILLISECONDS = 120_000
const MAX_CONCURRENT_MAILS = 5
/** A mail is given up after so many permanent refusals, lost responses or failures to render it. */
const MAX_REFUSALS = 3
const FIRST_RETRY_DELAY_SECONDS = 5
const MAX_RETRY_DELAY_SECONDS = 300
/** Mail servers retry for as long (RFC 5321, 4.5.4.1), and an older warning is of no use. */
const GIVE_UP_AFTER_MILLISECONDS = 4 * 86_400_000

/**
 * Sends the mails that are due, a few at a time, until none is left or the mail server cannot be used. Each mail is sent
 * at least once. It is sent twice only if a process ended between sending and marking it, or if the server's response was
 * lost; both copies then have the same Message-ID. Mails are sent outside any transaction.
 */
export async function deliverDue(
  ctx: DeliveryContext,
  { stopping, abandon }: { stopping: Pick<AbortSignal, 'aborted'>; abandon: AbortSignal },
): Promise<void> {
  if (!(await hasDueMail(ctx.db, ctx.now()))) return
  await giveUpOld(ctx)
  while (!stopping.aborted) {
    const now = ctx.now()
    const leaseUntil = new Date(now.getTime() + LEASE_SECONDS * 1000)
    const claimed = await claimMails(ctx.db, { now, leaseUntil, limit: MAX_CONCURRENT_MAILS })
    const serverUsable = await settleAll(claimed.map((mail) => deliver(ctx, mail, abandon)))
    // Either nothing is due or no mail can be sent. Wait for the next round instead of trying the whole outbox in vain.
    if (!serverUsable.includes(true)) return
  }
}

async function giveUpOld(ctx: DeliveryContext): Promise<void> {
  const now = ctx.now()
  const before = new Date(now.getTime() - GIVE_UP_AFTER_MILLISECONDS)
  const mails = await giveUpOldMails(ctx.db, { before, now, reason: 'not sent within four days' })
  if (mails > 0)
    ctx.log.error({ mails }, 'gave up on mails that could not be sent within four days; see `tessera outbox list`')
}

/** Waits for all deliveries even if one throws, so that none is still running after the round. */
async function settleAll(deliveries: Promise<boolean>[]): Promise<boolean[]> {
  await Promise.allSettled(deliveries)
  return Promise.all(deliveries)
}

/** Returns whether the mail server could be used, even if it refused this mail. */
async function deliver(ctx: DeliveryContext, claimed: ClaimedMail, abandon: AbortSignal): Promise<boolean> {
  const mail = await findMail(ctx.db, claimed.id)
  if (!mail) return true // its user has been deleted since
  if (hasDeadLink(mail, ctx.now())) {
    await discard(ctx, mail, claimed)
    return true
  }
  const about = { mailId: mail.id, kind: mail.kind, attempts: claimed.attempts }
  try {
    const signal = AbortSignal.any([abandon, AbortSignal.timeout(SEND_TIMEOUT_MILLISECONDS)])
    const envelope = { to: mail.email, messageId: buildMessageId(mail, ctx.sender), date: mail.created_at }
    const worded = renderMail(withComingEnd(mail, ctx.now()), ctx.sender, ctx.tokens.refreshKeys)
    await ctx.smtp.send(worded, envelope, signal)
    await ctx.db.transaction((tx) => recordSent(tx, mail, ctx.now()))
    ctx.metrics.count('tessera_deliveries_total', { channel: 'smtp', outcome: 'sent' })
    ctx.log.info(about, 'a mail was sent')
    return true
  } catch (error) {
    // The mail may have been sent but is not marked as sent: it is due again when the lease expires.
    if (error instanceof Unavailable) throw error
    await recordFailure(ctx, mail, claimed, error as Error)
    return !(error instanceof NotSent) || !['connection', 'ambiguous'].includes(error.failure)
  }
}

/** The mail with the end that its link gets when the mail server takes it now. */
function withComingEnd(mail: MailRow, now: Date): MailRow {
  const { token_purpose: purpose, token_ends_at: expires_at, token_created_at: created_at } = mail
  if (purpose === null || expires_at === null || created_at === null) return mail
  return { ...mail, token_ends_at: endAfterMail({ purpose, expires_at, created_at }, now) }
}

async function recordSent(tx: Queries, mail: MailRow, now: Date): Promise<void> {
  await markMailSent(tx, mail.id, now)
  if (mail.token_id !== null) await beginTokenLife(tx, mail.token_id, now)
  // An address that no user has proven is not kept longer than its mail needs it.
  if (mail.user_id === null || mail.kind === 'confirm_email') await blankRecipient(tx, mail.id)
}

/** Whether the one-time token of a mail was used, has ended or is gone: its link and its code do nothing any more. */
function hasDeadLink({ token_id, token_ends_at }: MailRow, now: Date): boolean {
  return token_id !== null && (token_ends_at === null || token_ends_at <= now)
}

async function discard(ctx: DeliveryContext, mail: MailRow, claimed: ClaimedMail): Promise<void> {
  const now = ctx.now()
  const reason = 'not sent: its link is no longer good'
  await markMailFailed(ctx.db, { mail: claimed, nextAttemptAt: now, refusals: mail.refusals, failedAt: now, reason })
  ctx.log.info({ mailId: mail.id, kind: mail.kind, reason }, 'a mail was dropped')
}

async function recordFailure(ctx: DeliveryContext, mail: MailRow, claimed: ClaimedMail, error: Error): Promise<void> {
  const now = ctx.now()
  const code = error instanceof NotSent ? error.code : error.name
  const refusals = mail.refusals + (countsAsRefusal(error) ? 1 : 0)
  const givenUp = refusals >= MAX_REFUSALS
  const delay = Math.min(FIRST_RETRY_DELAY_SECONDS * 2 ** (claimed.attempts - 1), MAX_RETRY_DELAY_SECONDS)
  // Jitter, so that mails that failed together are not retried together.
  const nextAttemptAt = new Date(now.getTime() + delay * 1000 * (0.5 + Math.random() / 2))
  const reason = singleLine(`${code}: ${error.message}`, 300)
  await markMailFailed(ctx.db, { mail: claimed, nextAttemptAt, refusals, failedAt: givenUp ? now : null, reason })
  ctx.metrics.count('tessera_deliveries_total', { channel: 'smtp', outcome: givenUp ? 'failed' : 'deferred' })
  const about = { mailId: mail.id, kind: mail.kind, attempts: claimed.attempts, reason: code }
  if (givenUp)
    ctx.log.error(about, 'gave up on a mail; see `tessera outbox show`, or send it with `tessera outbox retry`')
  else ctx.log.warn(about, 'a mail could not be sent and will be tried again')
}

/** Whether another attempt would not help: the mail was refused, may have been sent, or cannot be rendered. */
function countsAsRefusal(error: Error): boolean {
  if (error instanceof NotSent) return error.failure === 'permanent' || error.failure === 'ambiguous'
  return !(error instanceof UnknownMailKind)
}

/** Builds the Message-ID (RFC 5322, 3.6.4), which is always the same for the same event. */
function buildMessageId(mail: MailRow, { address }: Sender): string {
  const id = sha256(mail.dedupe_key).slice(0, 32)
  return `<${id}@${address.split('@')[1]}>`
}
