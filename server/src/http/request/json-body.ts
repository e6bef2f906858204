import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Refusal } from '../contract/refusal.ts'
import { countKeys, countWrittenKeys } from './json-structure.ts'

type Done = (error: Error | null, body?: unknown) => void

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a JSON body: UTF-8 to the letter, no deeper than ours are, without `__proto__` or `constructor.prototype`, and
 * with no key twice: of two readers of such a body, each could see another value (RFC 8259, 4).
 */
export function readJson(server: FastifyInstance) {
  const parse = server.getDefaultJsonParser('error', 'error') as (r: FastifyRequest, text: string, done: Done) => void
  const refuse = (done: Done) => done(invalidJson())
  return (request: FastifyRequest, bytes: Buffer, done: Done): void => {
    // Some clients announce JSON on a DELETE that has no body at all.
    if (bytes.length === 0 && request.method === 'DELETE') {
      done(null, undefined)
      return
    }
    try {
      const text = utf8.decode(bytes)
      const written = countWrittenKeys(text)
      if (written === null) throw invalidJson()
      parse(request, text, (error, body) => (error || countKeys(body) !== written ? refuse(done) : done(null, body)))
    } catch {
      refuse(done)
    }
  }
}

export function invalidJson(): Refusal {
  return new Refusal(400, 'invalid_json', 'The body is not valid JSON')
}
