import { endpoint } from '../../http/endpoint/endpoint.ts'
import type { Bench } from '../bench/bench.ts'
import { Input } from './input.ts'
import { sessionIdOf } from './name-session.ts'

/** `POST /test/steal`: the tokens that the client of a session got last, as a thief would have them. */
export const stealTokens = (bench: Bench) =>
  endpoint({
    about: null,
    responses: {},
    async handle(ctx, request) {
      const input = new Input(request.body ?? {}, ['session'])
      const session = input.requiredText('session')
      const id = sessionIdOf(ctx, session)
      const stolen = id === null ? null : bench.delivered.of(id)
      if (stolen === null)
        input.refuse('session', 'must be the id or a token of a session that has got tokens since the last reset')
      input.done()
      return stolen
    },
  })
