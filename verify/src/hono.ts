import { type Check, checkRole, checkStepUp, judgeHeader, type StepUp } from './adapter/guard.ts'
import type { Refusal } from './adapter/refusal.ts'
import { toResponse } from './adapter/to-response.ts'
import type { Verifier } from './create-verifier.ts'
import type { Claims } from './token/claims.ts'

interface Context {
  req: { header(name: string): string | undefined }
  set(key: 'claims', value: Claims): void
  get(key: 'claims'): Claims | undefined
}
type Next = () => Promise<void>

/** For `new Hono<{ Variables: ClaimsVariables }>()`. */
export interface ClaimsVariables {
  claims: Claims
}

async function answer(refusal: Refusal | null, next: Next): Promise<Response | undefined> {
  if (refusal) return toResponse(refusal)
  await next()
  return undefined
}

/** Lets requests with a good token pass, with their claims in `c.get('claims')`. */
export function authenticate(verifier: Verifier) {
  return async (c: Context, next: Next): Promise<Response | undefined> => {
    const { claims, refusal } = await judgeHeader(verifier, c.req.header('authorization'))
    if (claims) c.set('claims', claims)
    return answer(refusal, next)
  }
}

const guard = (check: Check) => (c: Context, next: Next) => answer(check(c.get('claims')), next)

/** Lets one role pass, or any of several; after `authenticate`. */
export const requireRole = (role: string | readonly string[]) => guard(checkRole(role))

/** Lets users pass whose login is at most so long ago; after `authenticate`. */
export const requireStepUp = (options: StepUp) => guard(checkStepUp(options))
