import { deleteToken } from '../../storage/account/one-time-tokens.ts'
import type { UserRow } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { writeToken } from '../one-time/new-token.ts'
import { notify, notifyAlways, sceneOf } from './notify.ts'

/** An event that its user may disown with the link of the notice. */
export type DisownableEvent = 'new_login' | 'password_changed' | 'email_change_requested'

interface Warning {
  user: Pick<UserRow, 'id' | 'email'>
  /** The session that did it, or that began. */
  sessionId: string
  /** How that session was opened (RFC 8176): the password is made invalid with it. */
  methods: readonly string[]
  client: Client
  now: Date
}

/** Tells a user of a login from a device and a network that are new, at most three times an hour. */
export async function warnOfLogin(tx: Queries, ctx: Pick<Context, 'random'>, warning: Warning): Promise<void> {
  const { user, sessionId, client, now } = warning
  const link = await writeLink(tx, ctx, 'new_login', warning, { amr: warning.methods.join(' ') })
  const data = { session_id: sessionId, ...sceneOf(client, now) }
  const notice = { user_id: user.id, kind: 'new_login', data, dedupe_key: `new_login:${sessionId}` } as const
  if (!(await notify(tx, { ...notice, token_id: link.id }, now))) await deleteToken(tx, link.id)
}

/** Tells a user that the password was changed, always. */
export async function warnOfPasswordChange(
  tx: Queries,
  ctx: Pick<Context, 'random'>,
  warning: Omit<Warning, 'sessionId' | 'methods'> & { sessionId: string | null },
): Promise<void> {
  const { user, client, now } = warning
  const link = await writeLink(tx, ctx, 'password_changed', warning)
  const kind = 'password_changed'
  const notice = {
    user_id: user.id,
    recipient: user.email,
    kind,
    data: sceneOf(client, now),
    token_id: link.id,
  } as const
  await notifyAlways(tx, { ...notice, dedupe_key: `${kind}:${link.id}` }, now)
}

/**
 * Tells a user that another address was asked for, at the one they have. The code in it makes the change final.
 *
 * @param warning.newEmail as the mail shows it
 * @param warning.changeId the one-time token of the change
 */
export async function warnOfEmailChange(
  tx: Queries,
  ctx: Pick<Context, 'random'>,
  warning: Warning & { newEmail: string; changeId: string },
): Promise<void> {
  const { user, client, now, newEmail, changeId } = warning
  const link = await writeLink(tx, ctx, 'email_change_requested', warning, {
    change_id: changeId,
    amr: warning.methods.join(' '),
  })
  const kind = 'email_change_requested'
  const data = { new_address: newEmail, ...sceneOf(client, now) }
  const notice = { user_id: user.id, recipient: user.email, kind, data, token_id: link.id } as const
  await notifyAlways(tx, { ...notice, dedupe_key: `${kind}:${link.id}` }, now)
}

function writeLink(
  tx: Queries,
  ctx: Pick<Context, 'random'>,
  event: DisownableEvent,
  { user, sessionId, now }: Pick<Warning, 'user' | 'now'> & { sessionId: string | null },
  more: Record<string, string> = {},
) {
  return writeToken(tx, ctx, {
    purpose: 'not_me',
    userId: user.id,
    recipient: user.email,
    data: { event, session_id: sessionId, ...more },
    isMailPending: false,
    now,
  })
}
