import type { TSchema } from 'typebox'
import type { About, Endpoint } from '../endpoint/endpoint.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import type { Route } from '../endpoint/route.ts'
import { TokensSchema } from '../view/tokens.ts'
import { UserSchema } from '../view/user.ts'
import { describeAnswers, errorSchemas } from './describe-answers.ts'

const DESCRIPTION = `Registers people, checks passwords, and issues, refreshes and ends JWT access / refresh token pairs.

Bodies are JSON in UTF-8 of 16 KB at most. Dates are ISO 8601 in UTC. Every answer to a request that could be read has an \`X-Request-Id\` that stands in the log.`

const components: Record<string, object> = { User: UserSchema, Tokens: TokensSchema, ...errorSchemas }

/** The API in OpenAPI 3.1, made of what the routes check and answer with: it cannot say anything else than they do. */
export function describeApi(routes: readonly Route[], edge: EdgeSettings, version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    if (!route.endpoint.about) continue
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route, route.endpoint.about, edge) }
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Tessera', version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    tags: [
      { name: 'Registration', description: 'People: sign up, delete.' },
      {
        name: 'Authentication',
        description: 'Login, refresh, logout, me. Errors are `{"error":{"message","details"}}`.',
      },
      { name: 'Token pairs', description: 'Mutually bound pairs. Errors are `{"error":"sentence"}`.' },
      { name: 'Operation', description: 'For load balancers and orchestrators.' },
    ],
    paths,
    components: {
      // A component names the others it holds, and not itself.
      schemas: Object.fromEntries(Object.entries(components).map(([name, schema]) => [name, inside(schema)])),
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token.' },
        serviceKey: { type: 'http', scheme: 'bearer', description: 'One of SERVICE_KEYS.' },
      },
    },
  }
}

function describeRoute(route: Route, about: About, edge: EdgeSettings): object {
  const { endpoint, guard } = route
  const scheme = guard?.scheme(edge) ?? null
  const parameters = [
    ...Object.entries(endpoint.params ?? {}).map(([name, description]) => ({
      name,
      in: 'path',
      required: true,
      description,
      schema: { type: 'string' },
    })),
    ...(about.takesIdempotencyKey ? [idempotencyKey] : []),
  ]
  return {
    operationId: about.operationId,
    tags: [about.tag],
    summary: about.summary,
    ...(about.detail && { description: about.detail }),
    security: scheme === null ? [] : [{ [scheme]: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(endpoint.body && { requestBody: { required: true, content: content(endpoint.body, about.examples?.body) } }),
    responses: { ...successes(endpoint, about), ...describeAnswers(route, about, edge) },
  }
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Drawn anew for each attempt to refresh, and kept with the token until its answer is stored: with it, a refresh whose answer was lost can be repeated at any time. Never a constant: whoever knows it can repeat your refresh, too.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{16,128}$' },
}

function successes({ responses }: Endpoint, { done, examples }: About): Record<string, object> {
  const described = Object.entries(responses).map(([status, schema]) => {
    const body = 'type' in schema && schema.type === 'null' ? {} : { content: content(schema, examples?.answer) }
    return [status, { description: done, ...body }]
  })
  return Object.fromEntries(described)
}

function content(schema: TSchema, example: object | undefined): object {
  return { 'application/json': { schema: referring(schema), ...(example && { example }) } }
}

/** A schema in which those of the components are named instead of repeated. */
function referring(schema: object): object {
  const name = Object.keys(components).find((candidate) => components[candidate] === schema)
  return name ? { $ref: `#/components/schemas/${name}` } : inside(schema)
}

function inside(schema: object): object {
  const entries = Object.entries(schema).map(([key, value]) => [key, mapped(value)])
  return Object.fromEntries(entries)
}

function mapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapped)
  return typeof value === 'object' && value !== null ? referring(value) : value
}
