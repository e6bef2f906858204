import { releaseAddresses } from '../../storage/account/address-holds.ts'
import { endLaterTokens, type OneTimeToken, useToken } from '../../storage/account/one-time-tokens.ts'
import { lockUserRow, setVerifiedEmail, type UserRow } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import { UniqueViolation } from '../../storage/database/errors.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { notifyAlways, sceneOf } from '../notice/notify.ts'
import { recordEvent } from '../notice/record-event.ts'
import { findLink } from '../one-time/use-token.ts'
import { mailReset, takeBack } from './take-back.ts'

/**
 * Gives an account back to the address that it had, by the link that went there: all sessions end, the password becomes
 * invalid, later changes of the address cannot be undone any more, and a mail to the old address sets a new password.
 *
 * @returns false for a link that is not good
 */
export async function undoEmailChange(
  ctx: Pick<Context, 'db' | 'tokens' | 'random' | 'settings' | 'now'>,
  { link, client }: { link: string; client: Client },
): Promise<boolean> {
  const token = await findLink(ctx, { link, purpose: 'undo_email' })
  if (!token || token.user_id === null) return false
  const userId = token.user_id
  const now = ctx.now()
  try {
    return await ctx.db.transaction(async (tx) => {
      const user = await lockUserRow(tx, userId)
      return user !== null && (await undoIn(tx, ctx, { user, token, client, now }))
    })
  } catch (error) {
    // An operator has given the address to another user.
    if (error instanceof UniqueViolation) return false
    throw error
  }
}

interface Undo {
  /** Locked. */
  user: UserRow
  token: OneTimeToken
  client: Client
  now: Date
}

/** Does the same as {@link undoEmailChange} inside a transaction. Returns false if the token was used up. */
export async function undoIn(
  tx: Queries,
  ctx: Pick<Context, 'random' | 'settings'>,
  { user, token, client, now }: Undo,
): Promise<boolean> {
  const { id: userId } = user
  if (!(await useToken(tx, token.id, now))) return false
  await setVerifiedEmail(tx, { id: userId, email: token.recipient, now })
  await releaseAddresses(tx, userId)
  await endLaterTokens(tx, { userId, purpose: 'undo_email', after: token.created_at, now })
  await takeBack(tx, { userId, reason: 'email_undone', now })
  await recordEvent(tx, { kind: 'email_undone', userId }, client, now)
  const owner = { id: userId, email: token.recipient }
  await mailReset(tx, ctx, { user: owner, client, now })
  const kind = 'email_undone'
  const notice = { user_id: userId, recipient: user.email, kind, data: sceneOf(client, now) } as const
  await notifyAlways(tx, { ...notice, dedupe_key: `${kind}:${token.id}` }, now)
  return true
}
