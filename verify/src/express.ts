import { type Check, checkRole, checkStepUp, judgeHeader, type StepUp } from './adapter/guard.ts'
import type { Refusal } from './adapter/refusal.ts'
import type { Verifier } from './create-verifier.ts'
import type { Claims } from './token/claims.ts'

declare global {
  namespace Express {
    interface Request {
      /** The claims of the token, after `authenticate`. */
      claims?: Claims
    }
  }
}

interface Request {
  headers: { authorization?: string | undefined }
  claims?: Claims
}
interface Response {
  status(code: number): { set(headers: Record<string, string>): { json(body: object): unknown } }
}
type Next = (error?: unknown) => void

const send = (response: Response, { status, headers, body }: Refusal) => response.status(status).set(headers).json(body)

/** Lets requests with a good token pass, with their claims in `request.claims`. */
export function authenticate(verifier: Verifier) {
  return async (request: Request, response: Response, next: Next): Promise<void> => {
    try {
      const { claims, refusal } = await judgeHeader(verifier, request.headers.authorization)
      if (refusal) return void send(response, refusal)
      request.claims = claims
    } catch (error) {
      return next(error)
    }
    next()
  }
}

const guard = (check: Check) => (request: Request, response: Response, next: Next) => {
  const refusal = check(request.claims)
  if (refusal) send(response, refusal)
  else next()
}

/** Lets one role pass, or any of several; after `authenticate`. */
export const requireRole = (role: string | readonly string[]) => guard(checkRole(role))

/** Lets users pass whose login is at most so long ago; after `authenticate`. */
export const requireStepUp = (options: StepUp) => guard(checkStepUp(options))
