import { showSession as showSessionRule } from '../../auth/session/list-sessions.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { requireCaller } from '../guard/bearer.ts'
import { SESSION_VARIABLE } from '../view/examples.ts'
import {
  EXAMPLE_SESSION,
  SessionEventSchema,
  SessionWithEndSchema,
  sessionEventView,
  sessionWithEndView,
} from '../view/session.ts'

/** `GET /api/v1/auth/sessions/:id` */
export const showSession = endpoint({
  about: {
    operationId: 'showSession',
    tag: 'Sessions',
    summary: 'Get one session of the current user, with what happened in it',
    success: 'The session, ended or not, and its newest audit events',
    refusals: ['session_not_found'],
    examples: {
      params: { id: SESSION_VARIABLE },
      answer: {
        session: { ...EXAMPLE_SESSION, ended_at: null, end_reason: null },
        events: [
          { at: '2024-01-01T00:00:00.000Z', kind: 'login_succeeded', ip: '203.0.113.7', device: null, details: {} },
        ],
      },
    },
  },
  params: { id: 'The id of the session.' },
  responses: { 200: Type.Object({ session: SessionWithEndSchema, events: Type.Array(SessionEventSchema) }) },
  async handle(ctx, request) {
    const caller = requireCaller(request)
    const { session, events } = await showSessionRule(ctx, { caller, id: request.params.id })
    return { session: sessionWithEndView(session, caller.sessionId, ctx.now()), events: events.map(sessionEventView) }
  },
})
