import type { Context } from '../../auth/context/context.ts'
import { sha256 } from '../../crypto/sha256.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import { findMail, type MailRow } from '../../storage/notice/outbox.ts'
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

export interface DeliveryContext extends Pick<Context, 'db' | 'now' | 'log'> {
  smtp: Smtp
  sender: Sender
}

/** Longer than a mail may take: a replica that is merely slow keeps what it claimed. */
const LEASE_SECONDS = 120
const SENDING_MILLISECONDS = 60_000
const MAX_AT_ONCE = 5
/** Refusals for good, lost answers and mails that cannot be worded: each is tried so often. */
const MAX_REFUSALS = 3
const FIRST_WAIT_SECONDS = 5
const MAX_WAIT_SECONDS = 300
/** As long as mail servers try (RFC 5321, 4.5.4.1); a warning that is older helps nobody. */
const GIVE_UP_AFTER_MILLISECONDS = 4 * 86_400_000

/**
 * Sends what is due, a few mails at a time, until nothing is or the mail server cannot be used. A mail leaves at least
 * once, and twice only when a process ended between sending and marking it, or the server's answer was lost; then with
 * the same Message-ID. Sending happens outside any transaction.
 */
export async function deliverDue(
  ctx: DeliveryContext,
  { stopping, abandon }: { stopping: AbortSignal; abandon: AbortSignal },
): Promise<void> {
  if (!(await hasDueMail(ctx.db, ctx.now()))) return
  await giveUpOld(ctx)
  while (!stopping.aborted) {
    const now = ctx.now()
    const leaseUntil = new Date(now.getTime() + LEASE_SECONDS * 1000)
    const claimed = await claimMails(ctx.db, { now, leaseUntil, limit: MAX_AT_ONCE })
    const gotThrough = await settleAll(claimed.map((mail) => deliver(ctx, mail, abandon)))
    // Nothing is left, or no mail can leave: the next round waits a little, rather than walking through the whole
    // outbox in vain.
    if (!gotThrough.includes(true)) return
  }
}

async function giveUpOld(ctx: DeliveryContext): Promise<void> {
  const now = ctx.now()
  const before = new Date(now.getTime() - GIVE_UP_AFTER_MILLISECONDS)
  const mails = await giveUpOldMails(ctx.db, { before, now, reason: 'it waited for more than four days' })
  if (mails > 0) ctx.log.error({ mails }, 'mails that waited for more than four days were given up')
}

/** Waits for all, also when one throws: nothing of a round goes on after it. */
async function settleAll(deliveries: Promise<boolean>[]): Promise<boolean[]> {
  await Promise.allSettled(deliveries)
  return Promise.all(deliveries)
}

/** Whether the mail server could be spoken to, whatever it said of this mail. */
async function deliver(ctx: DeliveryContext, claimed: ClaimedMail, abandon: AbortSignal): Promise<boolean> {
  const mail = await findMail(ctx.db, claimed.id)
  if (!mail) return true // its person was deleted meanwhile
  const about = { mailId: mail.id, kind: mail.kind, attempts: claimed.attempts }
  try {
    const enough = AbortSignal.any([abandon, AbortSignal.timeout(SENDING_MILLISECONDS)])
    const envelope = { to: mail.email, messageId: buildMessageId(mail, ctx.sender), date: mail.created_at }
    await ctx.smtp.send(renderMail(mail, ctx.sender), envelope, enough)
    await markMailSent(ctx.db, mail.id, ctx.now())
    ctx.log.info(about, 'a mail was sent')
    return true
  } catch (error) {
    // Sent, perhaps, but not marked: the lease brings it up again.
    if (error instanceof Unavailable) throw error
    await putOff(ctx, mail, claimed, error as Error)
    return !(error instanceof NotSent) || !['connection', 'ambiguous'].includes(error.failure)
  }
}

async function putOff(ctx: DeliveryContext, mail: MailRow, claimed: ClaimedMail, error: Error): Promise<void> {
  const now = ctx.now()
  const code = error instanceof NotSent ? error.code : error.name
  const refusals = mail.refusals + (countsAsRefusal(error) ? 1 : 0)
  const givenUp = refusals >= MAX_REFUSALS
  const wait = Math.min(FIRST_WAIT_SECONDS * 2 ** (claimed.attempts - 1), MAX_WAIT_SECONDS)
  // Jitter, so that what failed together does not come back together.
  const nextAttemptAt = new Date(now.getTime() + wait * 1000 * (0.5 + Math.random() / 2))
  const reason = singleLine(`${code}: ${error.message}`, 300)
  await markMailFailed(ctx.db, { mail: claimed, nextAttemptAt, refusals, failedAt: givenUp ? now : null, reason })
  const about = { mailId: mail.id, kind: mail.kind, attempts: claimed.attempts, reason: code }
  if (givenUp) ctx.log.error(about, 'a mail was given up; `tessera outbox show` and `retry` know it')
  else ctx.log.warn(about, 'a mail was not sent and will be tried again')
}

/** What another attempt does not mend: a mail that is refused, may have left already, or cannot be worded. */
function countsAsRefusal(error: Error): boolean {
  if (error instanceof NotSent) return error.failure === 'permanent' || error.failure === 'ambiguous'
  return !(error instanceof UnknownMailKind)
}

/** RFC 5322, 3.6.4; of the same event always the same. */
function buildMessageId(mail: MailRow, { address }: Sender): string {
  const id = sha256(mail.dedupe_key).slice(0, 32)
  return `<${id}@${address.split('@')[1]}>`
}
