import {
  endTokensOfUser,
  findOpenTokensOfUser,
  type OneTimeToken,
  useToken,
} from '../../storage/account/one-time-tokens.ts'
import { lockUserRow, type UserRow } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import { UniqueViolation } from '../../storage/database/errors.ts'
import { deleteTokensOfSessions } from '../../storage/session/refresh-tokens.ts'
import { forgetDevices, revokeSession } from '../../storage/session/sessions.ts'
import { revokeActiveSessionsOfUser } from '../../storage/session/user-sessions.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import type { DisownableEvent } from '../notice/warn-owner.ts'
import { findLink } from '../one-time/use-token.ts'
import { mailReset, takeBack, voidPassword } from './take-back.ts'
import { undoIn } from './undo-email-change.ts'

type DisownContext = Pick<Context, 'db' | 'tokens' | 'random' | 'settings' | 'now'>

/**
 * Disowns the event of a notice: "this was not me". Its session ends (after a change of the password: all), the password
 * becomes invalid if the session was opened with it or the event set it, and a mail sets a new one. The first use does
 * everything; later ones, and links that are not good, do nothing and look the same.
 */
export async function disown(ctx: DisownContext, { link, client }: { link: string; client: Client }): Promise<void> {
  const token = await findLink(ctx, { link, purpose: 'not_me' })
  if (!token || token.user_id === null) return
  try {
    await disownWith(ctx, { token, client, mayUndo: true })
  } catch (error) {
    // An import has given the old address to another user: it cannot be taken back.
    if (!(error instanceof UniqueViolation)) throw error
    await disownWith(ctx, { token, client, mayUndo: false })
  }
}

interface Disowning {
  token: OneTimeToken
  client: Client
  /** Whether a change of the address is undone. */
  mayUndo: boolean
}

async function disownWith(ctx: DisownContext, { token, client, mayUndo }: Disowning): Promise<void> {
  const userId = token.user_id ?? 0
  const now = ctx.now()
  await ctx.db.transaction(async (tx) => {
    const user = await lockUserRow(tx, userId)
    if (!user || !(await useToken(tx, token.id, now))) return
    const event = (token.data['event'] ?? '') as DisownableEvent
    const sessionId = token.data['session_id'] ?? null
    const about = { userId, ...(sessionId !== null && { sessionId }), details: { event } }
    await recordEvent(tx, { kind: 'disowned', ...about }, client, now)
    if (user.email !== token.recipient) {
      const isUndone = mayUndo && (await undoFrom(tx, ctx, { user, email: token.recipient, client, now }))
      // No mail leaves: it would go to the new address.
      if (!isUndone) await revokeActiveSessionsOfUser(tx, { userId, reason: 'disowned', now })
      return
    }
    if (event === 'password_changed') await takeBack(tx, { userId, reason: 'disowned', now })
    else if (sessionId !== null) await endDisowned(tx, { token, user, sessionId, now })
    if (event === 'email_change_requested') await endTokensOfUser(tx, userId, now)
    await mailReset(tx, ctx, { user, client, now })
  })
}

/** Ends the session, and makes the password invalid that opened it, though the session may be over and forgotten. */
async function endDisowned(
  tx: Queries,
  { token, user, sessionId, now }: { token: OneTimeToken; user: UserRow; sessionId: string; now: Date },
): Promise<void> {
  await revokeSession(tx, { id: sessionId, reason: 'disowned', now })
  await deleteTokensOfSessions(tx, [sessionId])
  await forgetDevices(tx, { userId: user.id, sessionIds: [sessionId] })
  if (token.data['amr']?.split(' ').includes('pwd')) await voidPassword(tx, user.id, now)
}

/** Undoes the change of the address from a mailbox that the account has left since, if that still may. */
async function undoFrom(
  tx: Queries,
  ctx: DisownContext,
  { user, email, client, now }: { user: UserRow; email: string; client: Client; now: Date },
): Promise<boolean> {
  const open = await findOpenTokensOfUser(tx, { userId: user.id, purpose: 'undo_email', now })
  const token = open.find(({ recipient }) => recipient === email)
  return token !== undefined && undoIn(tx, ctx, { user, token, client, now })
}
