import { findOpenTokensOfUser, type OneTimeToken } from '../../storage/account/one-time-tokens.ts'
import type { Context } from '../context/context.ts'
import { findLink, tryCode } from '../one-time/use-token.ts'

/** A link or a code out of a mail. */
export type Proof = { link: string } | { code: string }

export type FoundProof =
  | { kind: 'found'; token: OneTimeToken }
  | { kind: 'invalid_link' }
  | { kind: 'invalid_code'; attemptsLeft: number }

/** Finds the open token of a caller that a link or a code out of a mail stands for. A code takes an attempt of each. */
export async function findProof(
  ctx: Pick<Context, 'db' | 'tokens' | 'now'>,
  { userId, purpose, proof }: { userId: number; purpose: 'verify_email' | 'change_email'; proof: Proof },
): Promise<FoundProof> {
  if ('link' in proof) {
    const token = await findLink(ctx, { link: proof.link, purpose })
    return token && token.user_id === userId ? { kind: 'found', token } : { kind: 'invalid_link' }
  }
  const open = await findOpenTokensOfUser(ctx.db, { userId, purpose, now: ctx.now() })
  // A later mail, to another address, makes no earlier code invalid. The newest one says how many attempts are left.
  const left: number[] = []
  for (const { id } of open) {
    const tried = await tryCode(ctx, { id, typed: proof.code })
    // A row without an address is that of one which has an account already: no code fits it.
    if (tried.matches && tried.token.recipient !== '') return { kind: 'found', token: tried.token }
    left.push(tried.matches ? tried.token.attempts_left : tried.attemptsLeft)
  }
  return { kind: 'invalid_code', attemptsLeft: left[0] ?? 0 }
}

/** Tries the code of the notice that went to the old address when a change was asked for. */
export async function isOldCode(
  ctx: Pick<Context, 'db' | 'tokens' | 'now'>,
  { userId, changeId, typed }: { userId: number; changeId: string; typed: string },
): Promise<boolean> {
  const open = await findOpenTokensOfUser(ctx.db, { userId, purpose: 'not_me', now: ctx.now() })
  const notice = open.find(({ data }) => data['change_id'] === changeId)
  return notice !== undefined && (await tryCode(ctx, { id: notice.id, typed })).matches
}
