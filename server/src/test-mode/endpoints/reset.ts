import { endpoint } from '../../http/endpoint/endpoint.ts'
import type { Bench } from '../bench/bench.ts'
import { NowSchema } from './move-clock.ts'

/** `POST /test/reset`: leaves the server as it was at its start. */
export const reset = (bench: Bench) =>
  endpoint({
    about: null,
    responses: { 200: NowSchema },
    async handle() {
      await bench.reset()
      return { now: bench.clock.now().toISOString() }
    },
  })
