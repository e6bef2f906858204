import { holdAddress, releaseAddresses } from '../../storage/account/address-holds.ts'
import { endTokensToOthers, type OneTimeToken, useToken } from '../../storage/account/one-time-tokens.ts'
import { lockUserRow, setVerifiedEmail, type UserRow } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import { UniqueViolation } from '../../storage/database/errors.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { notifyAlways, sceneOf } from '../notice/notify.ts'
import { recordEvent } from '../notice/record-event.ts'
import { changesAround } from '../one-time/undo-places.ts'
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
  await keepOlder(tx, token, userId, now)
  await takeBack(tx, { userId, reason: 'email_undone', now })
  await recordEvent(tx, { kind: 'email_undone', userId }, client, now)
  await mailReset(tx, ctx, { user: { ...user, email: token.recipient }, client, now })
  if (user.disabled_at !== null) return true
  const kind = 'email_undone'
  const notice = { user_id: userId, recipient: user.email, kind, data: sceneOf(client, now) } as const
  await notifyAlways(tx, { ...notice, dedupe_key: `${kind}:${token.id}` }, now)
  return true
}

/**
 * Ends the links that went to later addresses, and gives these addresses up: their mailboxes may be a thief's. Those of
 * earlier changes stay: their mailboxes may still take the account back.
 */
async function keepOlder(tx: Queries, token: OneTimeToken, userId: number, now: Date): Promise<void> {
  const { older, later } = await changesAround(tx, { token, userId, now })
  for (const { id } of later) await useToken(tx, id, now)
  await releaseAddresses(tx, userId)
  for (const { recipient: email, expires_at: until } of older) await holdAddress(tx, { email, userId, until })
  const keep = [token, ...older].map(({ recipient }) => recipient)
  await endTokensToOthers(tx, { userId, keep, now })
}
