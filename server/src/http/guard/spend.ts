import type { Caller } from '../../auth/context/caller.ts'
import { codeBudgets, currentPasswordBudgets, mailRequestBudgets } from '../../auth/limit/budgets.ts'
import { RateLimited } from '../../auth/limit/rate-limited.ts'
import { isCurrentPassword } from '../../auth/password/change-own-password.ts'
import { InvalidBody } from '../contract/invalid-body.ts'
import type { HttpContext } from '../endpoint/http-context.ts'

/**
 * Judges the current password of a caller, within the budget for wrong ones.
 *
 * @throws {InvalidBody} if it is wrong: a 401 would make clients sign the user out
 * @throws {RateLimited}
 */
export async function requireCurrentPassword(ctx: HttpContext, caller: Caller, password: string): Promise<void> {
  await withPasswordBudget(ctx, caller, async () => (await isCurrentPassword(ctx, caller, password)) || null)
}

/** Runs work that judges the current password. Null is a wrong one; anything else refunds the attempt. */
export async function withPasswordBudget<Answer>(
  ctx: HttpContext,
  { userId }: Caller,
  work: () => Promise<Answer | null>,
): Promise<Answer> {
  const budgets = currentPasswordBudgets(userId)
  await ctx.limiter.take(budgets)
  const answer = await work().catch(async (error) => {
    await ctx.limiter.refund(budgets)
    throw error
  })
  if (answer === null) throw new InvalidBody({ current_password: ['is wrong'] })
  await ctx.limiter.refund(budgets)
  return answer
}

/** Runs work that tries a code. A right code refunds the quarter of an hour, never the day. */
export async function withCodeBudget<Answer extends { kind: string }>(
  ctx: HttpContext,
  { userId }: Caller,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const budgets = codeBudgets(userId)
  await ctx.limiter.take(budgets)
  const answer = await work()
  if (answer.kind === 'done') await ctx.limiter.refund(budgets.slice(0, 1))
  return answer
}

/** Whether a network may ask for another mail. Its requests are answered alike if not. */
export async function mayRequestMail(ctx: HttpContext, ip: string): Promise<boolean> {
  try {
    await ctx.limiter.take(mailRequestBudgets(ip))
    return true
  } catch (error) {
    if (error instanceof RateLimited) return false
    throw error
  }
}
