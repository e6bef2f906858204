import { findHolder } from '../../storage/account/address-holds.ts'
import {
  addressToken,
  claimPreparation,
  deleteToken,
  findOpenTokensOfUser,
  findUnpreparedTokens,
  type OneTimeToken,
} from '../../storage/account/one-time-tokens.ts'
import { findUserByEmail, lockUserRow, type UserRow } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import type { MailKind } from '../../storage/notice/mail-data.ts'
import type { NewMail } from '../../storage/notice/outbox.ts'
import { DEFAULT_LOCALE } from '../../text/locale.ts'
import type { Context } from '../context/context.ts'
import { sendRequested } from '../notice/notify.ts'
import { beginTokenLife } from '../one-time/new-token.ts'
import { mayMail } from './mail-budgets.ts'

type PreparationContext = Pick<Context, 'db' | 'now' | 'settings' | 'log'>

const BATCH_SIZE = 50

/**
 * Writes the mails that clients asked for, oldest first: finds the user of each address, applies the limits, and decides
 * which mail goes to whom. No client waits for it, so that no answer tells whether an address has an account. Replicas may
 * do so at the same time.
 */
export async function prepareMails(ctx: PreparationContext): Promise<void> {
  for (;;) {
    const tokens = await findUnpreparedTokens(ctx.db, BATCH_SIZE)
    for (const token of tokens) await prepareOne(ctx, token)
    if (tokens.length < BATCH_SIZE) return
  }
}

/** Prepares one mail. One that fails is given up, so that it keeps no other from being written or sent. */
async function prepareOne(ctx: PreparationContext, token: OneTimeToken): Promise<void> {
  try {
    await ctx.db.transaction((tx) => prepareMail(tx, ctx, token))
  } catch (error) {
    if (error instanceof Unavailable) throw error
    ctx.log.error({ tokenId: token.id, purpose: token.purpose, err: error as Error }, 'a mail could not be prepared')
    await claimPreparation(ctx.db, token.id, ctx.now())
  }
}

async function prepareMail(tx: Queries, ctx: PreparationContext, token: OneTimeToken): Promise<void> {
  const now = ctx.now()
  const owner = await lockOwner(tx, token.recipient, now)
  const asker = token.user_id === null ? null : await lockUserRow(tx, token.user_id)
  // Another process was faster.
  const claimed = await claimPreparation(tx, token.id, now)
  if (!claimed) return
  if (!claimed.isOpen) return giveNothing(tx, token, now)
  switch (token.purpose) {
    case 'reset_password':
    case 'login': {
      if (!owner && mayBecomeUser(ctx, token)) {
        if (!(await mayMail(tx, ctx, { token, userId: null, now }))) return giveNothing(tx, token, now)
        return give(tx, ctx, token, { kind: 'sign_up_code', user: null }, now)
      }
      const reachable = owner && isReachable(ctx, owner) && owner.email === token.recipient ? owner : null
      if (!reachable || !(await mayMail(tx, ctx, { token, userId: reachable.id, now })))
        return giveNothing(tx, token, now)
      const kind = token.purpose === 'login' ? 'login_code' : 'reset_password'
      return give(tx, ctx, token, { kind, user: reachable }, now)
    }
    case 'verify_email': {
      const isDue = asker !== null && asker.email === token.recipient && asker.email_verified_at === null
      if (!isDue || !(await mayMail(tx, ctx, { token, userId: asker.id, now }))) return giveNothing(tx, token, now)
      return give(tx, ctx, token, { kind: 'verify_email', user: asker }, now)
    }
    case 'change_email':
    case 'sign_up': {
      if (!(await mayMail(tx, ctx, { token, userId: owner?.id ?? null, now }))) return giveNothing(tx, token, now)
      // Users may come back to an address that is kept for themselves.
      if (!owner || owner.id === asker?.id) {
        const kind = token.purpose === 'sign_up' ? 'sign_up_code' : 'confirm_email'
        return give(tx, ctx, token, { kind, user: asker }, now)
      }
      await giveNothing(tx, token, now)
      if (isReachable(ctx, owner)) await write(tx, token, { kind: 'address_taken', user: owner, tokenId: null }, now)
      return
    }
    default:
      return giveNothing(tx, token, now)
  }
}

/** Locks the user who has an address, or for whom it is kept. */
async function lockOwner(tx: Queries, email: string, now: Date): Promise<UserRow | null> {
  const id = (await findUserByEmail(tx, email))?.id ?? (await findHolder(tx, email, now))
  return id === null ? null : lockUserRow(tx, id)
}

/** Whether a code signs a new user up: one that was asked for without a password. */
function mayBecomeUser({ settings }: Pick<Context, 'settings'>, { purpose, data }: OneTimeToken): boolean {
  return settings.emailSignUp && purpose === 'login' && data['amr'] === ''
}

function isReachable({ settings }: Pick<Context, 'settings'>, user: UserRow): boolean {
  return user.disabled_at === null && (user.seeded_as === null || settings.allowDemoUsers)
}

/**
 * Ends a request without a mail. A client that may try codes keeps its row: no code fits it, and it is judged and ends like
 * any other, so that it does not tell whether there is an account. The address is deleted, since it may be no user's.
 */
async function giveNothing(tx: Queries, token: OneTimeToken, now: Date): Promise<void> {
  const mayTryCodes = token.holder_digest !== null || token.purpose === 'change_email'
  // The codes of earlier mails stay good.
  if (!mayTryCodes || (await findEarlier(tx, token, token.user_id, now)).length > 0) return deleteToken(tx, token.id)
  const { carrier = null, address_digest = null } = token.data
  await addressToken(tx, { id: token.id, userId: token.user_id, recipient: '', data: { carrier, address_digest } })
  await beginTokenLife(tx, token.id, now)
}

interface Given {
  kind: MailKind
  /** Whose link or code it is; null for a sign-up. */
  user: UserRow | null
}

/** Writes the mail with the link or code of a token: that of an earlier one, if a mail for the same is still good. */
async function give(
  tx: Queries,
  ctx: PreparationContext,
  token: OneTimeToken,
  { kind, user }: Given,
  now: Date,
): Promise<void> {
  const [earlier] = (await findEarlier(tx, token, user?.id ?? null, now)).filter(({ recipient }) => recipient !== '')
  if (earlier) await deleteToken(tx, token.id)
  else await addressToken(tx, { ...token, userId: user?.id ?? null })
  const tokenId = earlier?.id ?? token.id
  await write(tx, token, { kind, user, tokenId }, now)
  if (!ctx.settings.sendsMails) await beginTokenLife(tx, tokenId, now)
}

/**
 * Finds open requests for the same, newest first: a second mail has the code of the first, which it must not make invalid.
 * One without attempts left is of no use.
 */
async function findEarlier(tx: Queries, token: OneTimeToken, userId: number | null, now: Date) {
  const { id, purpose, holder_digest: holderDigest } = token
  if (holderDigest !== null || userId === null) return []
  const open = await findOpenTokensOfUser(tx, { userId, purpose, now })
  return open.filter((other) => other.id !== id && other.attempts_left > 0 && isForSame(other, token))
}

/** Whether two requests of a user are for the same address. That of one without a mail is deleted. */
function isForSame(one: OneTimeToken, other: OneTimeToken): boolean {
  return one.purpose === 'change_email'
    ? one.data['address_digest'] === other.data['address_digest']
    : one.recipient === other.recipient
}

async function write(
  tx: Queries,
  token: OneTimeToken,
  { kind, user, tokenId }: Given & { tokenId: string | null },
  now: Date,
): Promise<void> {
  const { ip = null, user_agent = null, locale } = token.data
  const mail = {
    user_id: user?.id ?? null,
    recipient: token.recipient,
    kind,
    data: { ip, user_agent, at: token.created_at.toISOString() },
    dedupe_key: `${kind}:${token.id}`,
    ...(tokenId !== null && { token_id: tokenId }),
    ...(user === null && { locale: locale ?? DEFAULT_LOCALE }),
  }
  await sendRequested(tx, mail as NewMail & { recipient: string }, now)
}
