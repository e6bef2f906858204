import { type Check, checkRole, checkStepUp, judgeHeader, type StepUp } from './adapter/guard.ts'
import { toResponse } from './adapter/to-response.ts'
import type { Verifier } from './create-verifier.ts'
import type { Claims } from './token/claims.ts'

type Handler<Request, Context, Answer> = (request: Request, context: Context) => Answer

/** The claims of the token, which `authenticate` adds to the context of the handler. */
export interface WithClaims {
  claims: Claims
}

/**
 * Wraps a route handler, or `proxy`, so that it gets requests with a good token only, and their claims in the context:
 * `export const GET = authenticate(verifier)((request, { claims }) => Response.json(…))`.
 */
export function authenticate(verifier: Verifier) {
  return <Incoming extends Request, Context extends object, Answer>(
    handler: Handler<Incoming, Context & WithClaims, Answer>,
  ) =>
    async (request: Incoming, context: Context): Promise<Response | Awaited<Answer>> => {
      const { claims, refusal } = await judgeHeader(verifier, request.headers.get('authorization'))
      return refusal ? toResponse(refusal) : await handler(request, Object.assign(context ?? {}, { claims }))
    }
}

const guard =
  (check: Check) =>
  <Incoming extends Request, Context extends WithClaims, Answer>(handler: Handler<Incoming, Context, Answer>) =>
  async (request: Incoming, context: Context): Promise<Response | Awaited<Answer>> => {
    const refusal = check(context?.claims)
    return refusal ? toResponse(refusal) : await handler(request, context)
  }

/** Lets one role pass, or any of several; within `authenticate`. */
export const requireRole = (role: string | readonly string[]) => guard(checkRole(role))

/** Lets users pass whose login is at most so long ago; within `authenticate`. */
export const requireStepUp = (options: StepUp) => guard(checkStepUp(options))
