import { holdAddress, refuseHeldAddress, releaseAddress } from '../../storage/account/address-holds.ts'
import { endTokensOfUser, type OneTimeToken, useToken } from '../../storage/account/one-time-tokens.ts'
import { lockUserRow, setVerifiedEmail, type UserRow } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import { UniqueViolation } from '../../storage/database/errors.ts'
import type { Caller } from '../context/caller.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { notifyAlways, sceneOf } from '../notice/notify.ts'
import { recordEvent } from '../notice/record-event.ts'
import { writeToken } from '../one-time/new-token.ts'
import { nextPlace } from '../one-time/undo-places.ts'
import { findProof, isOldCode, type Proof } from './find-proof.ts'
import { maskEmail } from './mask-email.ts'
import type { EmailOutcome } from './verify-email.ts'

interface Confirmation {
  caller: Caller
  proof: Proof
  /** The code of the notice to the old address: with it, the change is final at once. */
  oldCode: string | null
  client: Client
}

/**
 * Gives the caller the address that a link or a code proves. The old mailbox is told; unless the change is final, it can
 * undo it for seven days, in which no other user gets the old address.
 */
export async function confirmEmailChange(
  ctx: Pick<Context, 'db' | 'tokens' | 'random' | 'now'>,
  { caller, proof, oldCode, client }: Confirmation,
): Promise<EmailOutcome | { kind: 'taken' } | { kind: 'invalid_old_code' }> {
  const { userId, sessionId } = caller
  const found = await findProof(ctx, { userId, purpose: 'change_email', proof })
  if (found.kind !== 'found') return found
  const { token } = found
  if (oldCode !== null && !(await isOldCode(ctx, { userId, changeId: token.id, typed: oldCode })))
    return { kind: 'invalid_old_code' }
  const now = ctx.now()
  try {
    const outcome = await ctx.db.transaction(async (tx) => {
      const user = await lockUserRow(tx, userId)
      if (!user || user.email !== token.data['from']) return 'dead'
      if (!(await useToken(tx, token.id, now))) return 'dead'
      await setVerifiedEmail(tx, { id: userId, email: token.recipient, now })
      await refuseHeldAddress(tx, token.recipient, now, userId)
      await releaseAddress(tx, token.recipient)
      await endTokensOfUser(tx, userId, now)
      await recordEvent(tx, { kind: 'email_changed', userId, sessionId }, client, now)
      await tellOldAddress(tx, ctx, { user, token, isFinal: oldCode !== null, client, now })
      return { ...user, email: token.recipient, email_verified_at: now, updated_at: now }
    })
    if (outcome !== 'dead') return { kind: 'done', user: outcome }
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error
    return { kind: 'taken' }
  }
  return 'link' in proof ? { kind: 'invalid_link' } : { kind: 'invalid_code', attemptsLeft: 0 }
}

interface Change {
  /** As the user was before. */
  user: UserRow
  token: OneTimeToken
  isFinal: boolean
  client: Client
  now: Date
}

async function tellOldAddress(
  tx: Queries,
  ctx: Pick<Context, 'random'>,
  { user, token, isFinal, client, now }: Change,
): Promise<void> {
  const kind = 'email_changed'
  const undo = isFinal
    ? null
    : await writeToken(tx, ctx, {
        purpose: 'undo_email',
        userId: user.id,
        recipient: user.email,
        data: { place: String(await nextPlace(tx, user.id, now)) },
        isMailPending: false,
        now,
      })
  if (undo) await holdAddress(tx, { email: user.email, userId: user.id, until: undo.expires_at })
  const data = { new_address: maskEmail(token.recipient), ...sceneOf(client, now) }
  const notice = { user_id: user.id, recipient: user.email, kind, data, dedupe_key: `${kind}:${token.id}` } as const
  await notifyAlways(tx, { ...notice, ...(undo && { token_id: undo.id }) }, now)
}
