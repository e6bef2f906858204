import { listSessions as listSessionsRule } from '../../auth/session/list-sessions.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { requireCaller } from '../guard/bearer.ts'
import { EXAMPLE_SESSION, SessionSchema, sessionView } from '../view/session.ts'

/** `GET /api/v1/auth/sessions` */
export const listSessions = endpoint({
  about: {
    operationId: 'listSessions',
    tag: 'Sessions',
    summary: 'List the sessions of the current user',
    success: 'The active sessions, the one that was used last first',
    detail: 'At most a thousand. It needs no recent login: this is how users find out who else is signed in.',
    examples: { answer: { sessions: [EXAMPLE_SESSION] } },
  },
  responses: { 200: Type.Object({ sessions: Type.Array(SessionSchema) }) },
  async handle(ctx, request) {
    const caller = requireCaller(request)
    const sessions = await listSessionsRule(ctx, caller)
    return { sessions: sessions.map((session) => sessionView(session, caller.sessionId)) }
  },
})
