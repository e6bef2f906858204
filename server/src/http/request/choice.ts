import type { FastifyRequest } from 'fastify'
import { InvalidBody } from '../contract/invalid-body.ts'

/**
 * Reads a query parameter that has one of a few values; null if it is absent.
 *
 * @throws {InvalidBody} for any other value, and for a parameter that occurs twice
 */
export function readChoice<const Value extends string>(
  request: FastifyRequest,
  name: string,
  values: readonly Value[],
): Value | null {
  const given = (request.query as Record<string, unknown>)[name]
  if (given === undefined) return null
  const found = values.find((value) => value === given)
  if (found === undefined) throw invalidChoice(name, values)
  return found
}

export function invalidChoice(name: string, values: readonly string[]): InvalidBody {
  return new InvalidBody({ [name]: [`must be ${values.join(' or ')}`] })
}
