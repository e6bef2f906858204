import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decodeUtf8 } from '../../text/utf8.ts'
import { Refusal } from '../contract/refusal.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import { countKeys, countWrittenKeys } from './json-structure.ts'
import { mayOmitBody, unsupportedType } from './other-bodies.ts'

type Done = (error: Error | null, body?: unknown) => void
type Parse = (request: FastifyRequest, text: string, done: Done) => void

/**
 * Parses JSON bodies strictly: valid UTF-8, not nested too deeply, no `__proto__` or `constructor.prototype`, and no
 * duplicate keys, since two parsers could see different values (RFC 8259, 4). An endpoint that takes any key judges them.
 */
export function readJson(server: FastifyInstance, edge: Pick<EdgeSettings, 'cookieMode'>) {
  const parser = (action: 'error' | 'ignore') => server.getDefaultJsonParser(action, action) as Parse
  const [parse, parseAnyKey] = [parser('error'), parser('ignore')]
  return (request: FastifyRequest, bytes: Buffer, done: Done): void => {
    // Some clients send a JSON content type with a request that needs no body.
    if (bytes.length === 0 && request.routeOptions.schema?.body === undefined) {
      done(null, undefined)
      return
    }
    if (request.routeOptions.config.bodyType === 'form') {
      done(unsupportedType())
      return
    }
    if (bytes.length === 0) {
      if (mayOmitBody(edge, request)) done(null, {})
      else done(invalidJson('it is empty'))
      return
    }
    try {
      const { text, keys } = readText(bytes)
      const parseKeys = request.routeOptions.config.takesAnyKey ? parseAnyKey : parse
      parseKeys(request, text, (error, body) => {
        if (error) done(invalidJson())
        else if (countKeys(body) !== keys) done(invalidJson('a key occurs twice'))
        else done(null, body)
      })
    } catch (error) {
      done(error instanceof Refusal ? error : invalidJson())
    }
  }
}

/** @throws {Refusal} */
function readText(bytes: Buffer): { text: string; keys: number } {
  const text = decodeUtf8(bytes)
  if (text === null) throw invalidJson('it is not UTF-8')
  const keys = countWrittenKeys(text)
  if (keys === null) throw invalidJson('it nests too deeply, or a key has an escaped ASCII character')
  return { text, keys }
}

/** @param reason where the text may be JSON for other parsers */
export function invalidJson(reason?: string): Refusal {
  const details = reason === undefined ? {} : { reason }
  return new Refusal(400, 'invalid_json', 'The body is not valid JSON', {}, details)
}
