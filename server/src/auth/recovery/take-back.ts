import { endTokensOfUser } from '../../storage/account/one-time-tokens.ts'
import { setPasswordDigest, type UserRow } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import type { RevokeReason } from '../../storage/session/revoke-reason.ts'
import { forgetDevicesOfUser } from '../../storage/session/sessions.ts'
import { revokeActiveSessionsOfUser } from '../../storage/session/user-sessions.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { sceneOf, sendRequested } from '../notice/notify.ts'
import { beginTokenLife, writeToken } from '../one-time/new-token.ts'

type RecoveryContext = Pick<Context, 'random' | 'settings'>

/** Ends everything that a thief may hold: all sessions, the password, devices, and open links. The user is locked. */
export async function takeBack(
  tx: Queries,
  { userId, reason, now }: { userId: number; reason: RevokeReason; now: Date },
): Promise<void> {
  await revokeActiveSessionsOfUser(tx, { userId, reason, now })
  await voidPassword(tx, userId, now)
  await forgetDevicesOfUser(tx, userId)
}

/** Makes a password invalid that a thief knows, and what was asked for with it. */
export async function voidPassword(tx: Queries, userId: number, now: Date): Promise<void> {
  await setPasswordDigest(tx, { id: userId, digest: null, now })
  await endTokensOfUser(tx, userId, now)
}

/** Mails a user the link to a new password, without being asked and beside all limits; a disabled one gets no mail. */
export async function mailReset(
  tx: Queries,
  ctx: RecoveryContext,
  { user, client, now }: { user: Pick<UserRow, 'id' | 'email' | 'disabled_at'>; client: Origin; now: Date },
): Promise<void> {
  if (user.disabled_at !== null) return
  const token = { purpose: 'reset_password', userId: user.id, recipient: user.email, data: {} } as const
  const link = await writeToken(tx, ctx, { ...token, isMailPending: false, now })
  const kind = 'reset_password'
  const mail = { user_id: user.id, recipient: user.email, kind, data: sceneOf(client, now), token_id: link.id } as const
  await sendRequested(tx, { ...mail, dedupe_key: `${kind}:${link.id}` }, now)
  if (!ctx.settings.sendsMails) await beginTokenLife(tx, link.id, now)
}
