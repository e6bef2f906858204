import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Refusal } from '../contract/refusal.ts'
import { countKeys, countWrittenKeys } from './json-structure.ts'

type Done = (error: Error | null, body?: unknown) => void

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Parses JSON bodies strictly: valid UTF-8, not nested too deeply, no `__proto__` or `constructor.prototype`, and no
 * duplicate keys, since two parsers could see different values (RFC 8259, 4).
 */
export function readJson(server: FastifyInstance) {
  const parse = server.getDefaultJsonParser('error', 'error') as (r: FastifyRequest, text: string, done: Done) => void
  const reject = (done: Done) => done(invalidJson())
  return (request: FastifyRequest, bytes: Buffer, done: Done): void => {
    // Some clients send a JSON content type with a DELETE that has no body.
    if (bytes.length === 0 && request.method === 'DELETE') {
      done(null, undefined)
      return
    }
    try {
      const text = utf8.decode(bytes)
      const written = countWrittenKeys(text)
      if (written === null) throw invalidJson()
      parse(request, text, (error, body) => (error || countKeys(body) !== written ? reject(done) : done(null, body)))
    } catch {
      reject(done)
    }
  }
}

export function invalidJson(): Refusal {
  return new Refusal(400, 'invalid_json', 'The body is not valid JSON')
}
