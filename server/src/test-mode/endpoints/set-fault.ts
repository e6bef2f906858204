import { endpoint } from '../../http/endpoint/endpoint.ts'
import { routes } from '../../http/routes.ts'
import type { Bench } from '../bench/bench.ts'
import { OUTCOMES } from '../bench/faults.ts'
import { Input } from './input.ts'

const MAX_DELAY_MILLISECONDS = 60_000
const MAX_TIMES = 1000

/** `POST /test/faults`: lets the next requests of a route fail. */
export const setFault = (bench: Bench) =>
  endpoint({
    about: null,
    responses: {},
    async handle(_ctx, request, reply) {
      const input = new Input(request.body ?? {}, ['route', 'outcome', 'ms', 'times'])
      const route = input.requiredText('route')
      const outcome = input.choice('outcome', OUTCOMES)
      const milliseconds = input.count('ms', { min: 1, max: MAX_DELAY_MILLISECONDS })
      const times = input.count('times', { min: 1, max: MAX_TIMES }) ?? 1
      if (!routes.some(({ method, path }) => `${method} ${path}` === route))
        input.refuse('route', 'must be the method and the path of an endpoint, such as POST /api/v1/auth/refresh')
      if (outcome === null) input.refuse('outcome', `must be ${OUTCOMES.join(' or ')}`)
      if (outcome === 'delay' && milliseconds === null) input.refuse('ms', "can't be blank for a delay")
      if (outcome !== 'delay' && milliseconds !== null) input.refuse('ms', 'belongs to a delay')
      input.done()
      if (outcome !== null) bench.faults.add({ route, outcome, milliseconds: milliseconds ?? 0, times })
      return reply.code(204).send()
    },
  })
