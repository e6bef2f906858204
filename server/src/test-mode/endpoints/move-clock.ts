import { endpoint } from '../../http/endpoint/endpoint.ts'
import { Type } from '../../http/endpoint/schema.ts'
import { readIsoTime } from '../../text/iso-time.ts'
import type { Bench } from '../bench/bench.ts'
import { Input, readDuration } from './input.ts'

export const NowSchema = Type.Object({ now: Type.String() })

/** `POST /test/clock`: moves the time of the server, and does what it would have done meanwhile. */
export const moveClock = (bench: Bench) =>
  endpoint({
    about: null,
    responses: { 200: NowSchema },
    async handle(_ctx, request) {
      const input = new Input(request.body ?? {}, ['advance', 'set'])
      const [advance, set] = [input.text('advance'), input.text('set')]
      const milliseconds = advance === null ? 0 : readDuration(advance)
      const time = set === null ? null : readIsoTime(set)
      if (milliseconds === null)
        input.refuse('advance', 'must be a time such as 90s, 16m, 36h or 8d, of at most ten years')
      if (set !== null && time === null) input.refuse('set', 'must be a time such as 2026-01-01T00:00:00Z')
      if (advance !== null && set !== null) input.refuse('set', 'cannot be sent with advance')
      input.done()
      // They would have been written within seconds, before the time that is skipped.
      if (milliseconds || time) await bench.writeMails()
      if (milliseconds) bench.clock.advance(milliseconds)
      if (time && !bench.clock.set(time)) {
        const now = bench.clock.now().toISOString()
        input.refuse('set', `must not be before ${now}, the time of the server; call POST /test/reset first`)
        input.done()
      }
      if (milliseconds || time) await bench.runBackground()
      return { now: bench.clock.now().toISOString() }
    },
  })
