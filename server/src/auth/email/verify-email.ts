import { useToken } from '../../storage/account/one-time-tokens.ts'
import { lockUserRow, markEmailVerified, type UserRow } from '../../storage/account/users.ts'
import type { Locale } from '../../text/locale.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Caller } from '../context/caller.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { requestMail } from '../requested-mail/request-mail.ts'
import { type FoundProof, findProof, type Proof } from './find-proof.ts'

/**
 * Asks for the mail that proves the address of the caller.
 *
 * @throws {AuthError} `invalid_access_token` when the user is gone
 */
export async function requestVerification(
  ctx: Pick<Context, 'db' | 'random' | 'now'>,
  { caller, locale, client }: { caller: Caller; locale: Locale; client: Client },
): Promise<void> {
  const { userId, profile } = caller
  const request = { purpose: 'verify_email', email: profile.email, userId, locale, client, deviceDigest: null } as const
  await ctx.db.transaction(async (tx) => {
    if (!(await lockUserRow(tx, userId))) throw new AuthError('invalid_access_token')
    await requestMail(tx, ctx, request, ctx.now())
  })
}

export type EmailOutcome = { kind: 'done'; user: UserRow } | Exclude<FoundProof, { kind: 'found' }>

/** Proves the address of the caller. A scanner that opens the mail proves nothing: it has no session of the user. */
export async function verifyEmail(
  ctx: Pick<Context, 'db' | 'tokens' | 'now'>,
  { caller, proof, client }: { caller: Caller; proof: Proof; client: Client },
): Promise<EmailOutcome> {
  const { userId, sessionId } = caller
  const found = await findProof(ctx, { userId, purpose: 'verify_email', proof })
  if (found.kind !== 'found') return found
  const now = ctx.now()
  const user = await ctx.db.transaction(async (tx) => {
    const locked = await lockUserRow(tx, userId)
    if (!locked || locked.email !== found.token.recipient || !(await useToken(tx, found.token.id, now))) return null
    await markEmailVerified(tx, userId, now)
    await recordEvent(tx, { kind: 'email_verified', userId, sessionId }, client, now)
    return { ...locked, email_verified_at: locked.email_verified_at ?? now, updated_at: now }
  })
  if (user) return { kind: 'done', user }
  return 'link' in proof ? { kind: 'invalid_link' } : { kind: 'invalid_code', attemptsLeft: 0 }
}
