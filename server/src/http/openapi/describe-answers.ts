import { AuthError } from '../../auth/context/auth-error.ts'
import { RateLimited } from '../../auth/limit/rate-limited.ts'
import { HashPoolFull } from '../../crypto/hashing/hash-pool.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import { type Answer, answerTo, internalError } from '../contract/answer.ts'
import type { Contract, ErrorSchema } from '../contract/contract.ts'
import { missingFields } from '../contract/invalid-body.ts'
import type { About } from '../endpoint/endpoint.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import type { Route } from '../endpoint/route.ts'
import { Type } from '../endpoint/schema.ts'
import { invalidChoice } from '../request/choice.ts'
import { invalidIdempotencyKey } from '../request/idempotency-key.ts'
import { invalidJson } from '../request/json-body.ts'
import { crossSite } from '../request/same-site.ts'

export const errorSchemas: Record<ErrorSchema, object> = {
  ApiError: Type.Object({
    error: Type.Object({
      message: Type.String({ description: 'For humans.' }),
      details: Type.Object(
        { code: Type.Optional(Type.String({ description: 'For programs; stable.' })) },
        { additionalProperties: true, description: 'A code, or the messages for each field.' },
      ),
    }),
  }),
  PairError: Type.Object({ error: Type.String() }),
  OAuthError: Type.Object({
    error: Type.String({ description: 'A code of RFC 6749, 5.2.' }),
    error_description: Type.String({ description: 'For humans.' }),
  }),
  InvalidRegistration: Type.Object({
    message: Type.String(),
    errors: Type.Object(
      {},
      {
        additionalProperties: Type.Array(Type.String()),
        description: 'The messages for each field, worded as in Rails.',
      },
    ),
  }),
}

/** Describes every refusal of a route. The examples are built by the code that builds the real responses. */
export function describeAnswers(route: Route, about: About, edge: EdgeSettings): Record<string, object> {
  const { contract } = route
  const answers = listRefusals(route, about, edge).map((error) => answerTo(error, contract))
  const byStatus = Map.groupBy(
    [...answers, internalError(contract)].filter((answer) => answer !== null),
    ({ status }) => status,
  )
  const described = [...byStatus].map(([status, same]) => [String(status), describe(same, contract)])
  return Object.fromEntries(described)
}

function listRefusals({ endpoint, guard, limit, method, work }: Route, about: About, edge: EdgeSettings): Error[] {
  const readsBody = method !== 'GET'
  return [
    ...(guard?.refusals(edge) ?? []),
    ...(about.refusals ?? []).map((code) => new AuthError(code)),
    ...(about.errors ?? []),
    ...(readsBody ? [invalidJson(), frameworkError(413), frameworkError(415)] : []),
    ...(endpoint.params ? [frameworkError(400), frameworkError(414)] : []),
    ...Object.entries(endpoint.query ?? {}).flatMap(([name, { values }]) =>
      values ? [invalidChoice(name, values)] : [],
    ),
    ...(endpoint.body ? missingFields(endpoint.body) : []),
    ...(about.takesIdempotencyKey ? [invalidIdempotencyKey()] : []),
    ...(about.takesCookie ? [crossSite()] : []),
    ...(limit ? [new RateLimited(900, '')] : []),
    ...(work === 'password' || work === 'token' ? [new HashPoolFull()] : []),
    ...(work === 'none' ? [] : [new Unavailable('for the description')]),
  ]
}

function frameworkError(statusCode: number): Error {
  return Object.assign(new Error('for the description'), { statusCode })
}

function describe(answers: Answer[], contract: Contract): object {
  const names = Object.keys(answers[0]?.headers ?? {})
  const headers = Object.fromEntries(names.map((name) => [headerName(name), { schema: { type: 'string' } }]))
  const examples = Object.fromEntries(answers.map(({ body }) => [exampleName(body), { value: body }]))
  const { error, validation } = contract.schemas
  const schema = { $ref: `#/components/schemas/${answers[0]?.status === 422 ? validation : error}` }
  return {
    description: Object.keys(examples).join('; '),
    ...(names.length > 0 && { headers }),
    content: { 'application/json': { schema, examples } },
  }
}

function exampleName(body: {
  error?: string | { message?: string }
  error_description?: string
  message?: string
}): string {
  if (body.error_description !== undefined) return body.error_description
  const { error = body.message } = body
  return (typeof error === 'object' ? error.message : error) ?? 'refused'
}

function headerName(lowerCase: string): string {
  return lowerCase.replaceAll(/(^|-)[a-z]/g, (match) => match.toUpperCase())
}
