import { endOwnSession } from '../../auth/session/end-own-sessions.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { requireCaller } from '../guard/bearer.ts'
import { clearRefreshCookie } from '../refresh/deliver-tokens.ts'
import { readRefreshCookie } from '../request/refresh-cookie.ts'
import { OTHER_SESSION_VARIABLE } from '../view/examples.ts'

/** `DELETE /api/v1/auth/sessions/:id` */
export const endSession = endpoint({
  about: {
    operationId: 'endSession',
    tag: 'Sessions',
    summary: 'End one session of the current user',
    success: 'The session has ended',
    detail: 'The session of the request can be ended, too: that is a logout.',
    refusals: ['session_not_found'],
    examples: { params: { id: OTHER_SESSION_VARIABLE } },
  },
  params: { id: 'The id of the session.' },
  responses: { 204: Type.Null() },
  async handle(ctx, request, reply) {
    const caller = requireCaller(request)
    const { id } = request.params
    await endOwnSession(ctx, { caller, id, client: request.client })
    if (id.toLowerCase() === caller.sessionId && readRefreshCookie(request) !== undefined)
      clearRefreshCookie(ctx, reply)
    return reply.code(204).send()
  },
})
