import { type Check, checkRole, checkStepUp, judgeHeader, type StepUp } from './adapter/guard.ts'
import type { Refusal } from './adapter/refusal.ts'
import type { Verifier } from './create-verifier.ts'
import type { Claims } from './token/claims.ts'

interface Request {
  headers: { authorization?: string | undefined }
}
interface Reply {
  code(status: number): { headers(values: Record<string, string>): { send(body: object): unknown } }
}
type WithClaims = { claims?: Claims | null }

const send = (reply: Reply, { status, headers, body }: Refusal) => reply.code(status).headers(headers).send(body)

/** Lets requests with a good token pass, as an `onRequest` hook, with their claims in `request.claims`. */
export function authenticate(verifier: Verifier) {
  return async (request: Request, reply: Reply): Promise<unknown> => {
    const { claims, refusal } = await judgeHeader(verifier, request.headers.authorization)
    if (refusal) return send(reply, refusal)
    ;(request as WithClaims).claims = claims
    return undefined
  }
}

const guard = (check: Check) => async (request: Request, reply: Reply) => {
  const refusal = check((request as WithClaims).claims)
  return refusal ? send(reply, refusal) : undefined
}

/** Lets one role pass, or any of several; after `authenticate`. */
export const requireRole = (role: string | readonly string[]) => guard(checkRole(role))

/** Lets users pass whose login is at most so long ago; after `authenticate`. */
export const requireStepUp = (options: StepUp) => guard(checkStepUp(options))

/** Returns the claims of a request that passed `authenticate`, with their type. */
export function claimsOf(request: object): Claims {
  const { claims } = request as WithClaims
  if (!claims) throw new TypeError('tessera-verify: there are claims only after authenticate')
  return claims
}
