import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Refusal } from './refusal.ts'

type Done = (error: Error | null, body?: unknown) => void

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads a JSON body: UTF-8 to the letter, and without `__proto__` or `constructor.prototype`. */
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
      parse(request, utf8.decode(bytes), (error, body) => (error ? refuse(done) : done(null, body)))
    } catch {
      refuse(done)
    }
  }
}

export function invalidJson(): Refusal {
  return new Refusal(400, 'invalid_json', 'The body is not valid JSON')
}
