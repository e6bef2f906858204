import { sha256 } from '../../crypto/hashing/sha256.ts'
import { lockUserRow } from '../../storage/account/users.ts'
import { countEvents } from '../../storage/notice/audit-events.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import type { Locale } from '../../text/locale.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Caller } from '../context/caller.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { warnOfEmailChange } from '../notice/warn-owner.ts'
import { requestMail } from '../requested-mail/request-mail.ts'
import { maskEmail } from './mask-email.ts'

const DAY_MILLISECONDS = 86_400_000
const MAX_CHANGES_PER_DAY = 3
/** How young a login is that needs no password for this. */
const MAX_LOGIN_AGE_MILLISECONDS = 600_000

/** Whether the caller has signed in so recently that it needs no other proof for a step that can lose the account. */
export function hasSignedInRecently({ now }: Pick<Context, 'now'>, { authenticatedAt, methods }: Caller): boolean {
  const age = now().getTime() - authenticatedAt.getTime()
  return !methods.includes('svc') && age <= MAX_LOGIN_AGE_MILLISECONDS
}

type ChangeRequestOutcome = { kind: 'asked' } | { kind: 'invalid'; errors: string[] } | { kind: 'too_many_changes' }

/**
 * Asks for another address. A mail with a code goes to it, or to its owner if it has an account; the present address is
 * told at once, with a link that stops it. The caller has proven itself anew.
 *
 * @throws {AuthError} `invalid_access_token` when the user is gone
 */
export async function requestEmailChange(
  ctx: Pick<Context, 'db' | 'random' | 'now'>,
  input: { caller: Caller; email: string; locale: Locale; client: Client },
): Promise<ChangeRequestOutcome> {
  const { caller, locale, client } = input
  const { userId, sessionId } = caller
  const email = canonicalEmail(input.email)
  if (/^\s*$/.test(input.email)) return { kind: 'invalid', errors: ["can't be blank"] }
  if (email === null) return { kind: 'invalid', errors: ['is invalid'] }
  const now = ctx.now()
  const outcome = await ctx.db.transaction(async (tx): Promise<ChangeRequestOutcome | null> => {
    const user = await lockUserRow(tx, userId)
    if (!user) return null
    if (user.email === email) return { kind: 'invalid', errors: ['is your address already'] }
    if (await hasTooManyChanges(tx, userId, now)) return { kind: 'too_many_changes' }
    const data = { from: user.email, session_id: sessionId, address_digest: sha256(email) }
    const request = { purpose: 'change_email', email, userId, locale, client, deviceDigest: null, data } as const
    const changeId = await requestMail(tx, ctx, request, now)
    await recordEvent(tx, { kind: 'email_change_requested', userId, sessionId }, client, now)
    const warning = { user, sessionId, methods: caller.methods, client, now }
    await warnOfEmailChange(tx, ctx, { ...warning, newEmail: maskEmail(email), changeId })
    return { kind: 'asked' }
  })
  if (outcome === null) throw new AuthError('invalid_access_token')
  return outcome
}

async function hasTooManyChanges(tx: Parameters<typeof countEvents>[0], userId: number, now: Date): Promise<boolean> {
  const since = new Date(now.getTime() - DAY_MILLISECONDS)
  return (await countEvents(tx, { userId, kind: 'email_changed', since })) >= MAX_CHANGES_PER_DAY
}
