import { endSessionsOf } from '../../auth/session/end-own-sessions.ts'
import { Unauthenticated } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { bearerToken, requireCaller } from '../guard/bearer.ts'
import { clearRefreshCookie } from '../refresh/deliver-tokens.ts'
import { readChoice } from '../request/choice.ts'
import { readRefreshCookie } from '../request/refresh-cookie.ts'

/** `DELETE /api/v1/auth/sessions` */
export const endSessions = endpoint({
  about: {
    operationId: 'endSessions',
    tag: 'Sessions',
    summary: 'End all other sessions of the current user',
    success: 'How many sessions have ended',
    examples: { answer: { ended: 3 } },
  },
  query: {
    current: {
      description: 'Whether the session of the request ends, too.',
      values: ['true', 'false'],
      example: 'false',
    },
    kind: { description: 'Only sessions of this kind end.', values: ['login', 'pair'] },
  },
  responses: { 200: Type.Object({ ended: Type.Integer({ format: 'int32' }) }) },
  async handle(ctx, request, reply) {
    const { userId, sessionId } = requireCaller(request)
    const includesOwn = readChoice(request, 'current', ['true', 'false']) === 'true'
    const kind = readChoice(request, 'kind', ['login', 'pair'])
    const by = { userId, sessionId }
    const ended = await endSessionsOf(ctx, { by, includesOwn, kind, client: request.client })
    if (ended === null) throw new Unauthenticated(bearerToken(request))
    if (includesOwn && readRefreshCookie(request) !== undefined) clearRefreshCookie(ctx, reply)
    return { ended }
  },
})
