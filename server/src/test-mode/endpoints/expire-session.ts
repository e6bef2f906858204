import { notFound } from '../../http/contract/refusal.ts'
import { endpoint } from '../../http/endpoint/endpoint.ts'
import { endTokensOfSession, moveSessionEnd } from '../../storage/session/session-ends.ts'
import { Input } from './input.ts'
import { sessionIdOf } from './name-session.ts'

/** `POST /test/sessions/:id/expire`: lets a session, or its refresh tokens, expire now. */
export const expireSession = endpoint({
  about: null,
  params: { id: 'The id of a session.' },
  responses: {},
  async handle(ctx, request, reply) {
    const input = new Input(request.body ?? {}, ['what'])
    if (input.text('what') === 'access')
      input.refuse(
        'what',
        'must be refresh or session: an access token that is out cannot be changed, so make a session with "issued": "-16m"',
      )
    const what = input.choice('what', ['refresh', 'session'])
    if (what === null) input.refuse('what', 'must be refresh or session')
    input.done()
    const id = sessionIdOf(ctx, request.params.id)
    const now = ctx.now()
    const move = what === 'refresh' ? endTokensOfSession : moveSessionEnd
    if (id === null || !(await move(ctx.db, id, now))) throw notFound()
    return reply.code(204).send()
  },
})
