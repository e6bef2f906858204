import type { TSchema } from 'typebox'
import type { About, Endpoint } from '../endpoint/endpoint.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import type { Route } from '../endpoint/route.ts'
import { REFRESH_COOKIE } from '../request/refresh-cookie.ts'
import { TokensSchema } from '../view/tokens.ts'
import { UserSchema } from '../view/user.ts'
import { describeAnswers, errorSchemas } from './describe-answers.ts'

const DESCRIPTION = `Signs up users, checks passwords, and issues, refreshes and revokes JWT access and refresh tokens.

Bodies are JSON in UTF-8, at most 16 KB. Dates are ISO 8601 in UTC. Every response to a readable request has an \`X-Request-Id\`, which also appears in the log.`

type Components = Readonly<Record<string, object>>

/** Names the body and the answer of each operation, so that generated clients have types for them. */
function nameSchemas(routes: readonly Route[]): Components {
  const named: Record<string, object> = { User: UserSchema, Tokens: TokensSchema, ...errorSchemas }
  const add = (name: string, schema: TSchema | undefined) => {
    if (schema && 'properties' in schema && !Object.values(named).includes(schema)) named[name] = schema
  }
  for (const { endpoint } of routes) {
    if (!endpoint.about) continue
    const { operationId } = endpoint.about
    const name = operationId.charAt(0).toUpperCase() + operationId.slice(1)
    add(`${name}Request`, endpoint.body)
    add(`${name}Response`, endpoint.responses[200])
  }
  return named
}

/**
 * Describes the API in OpenAPI 3.1, from what the routes validate and return, so that it cannot contradict them. The address
 * of the server is up to the caller.
 */
export function describeApi(routes: readonly Route[], edge: EdgeSettings, version: string): object {
  const components = nameSchemas(routes)
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    if (!route.endpoint.about) continue
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: describeRoute(route, route.endpoint.about, edge, components),
    }
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Tessera', version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
    tags: [
      { name: 'Registration', description: 'Sign up and delete users.' },
      {
        name: 'Authentication',
        description: 'Log in, refresh, log out, get the current user. Errors are `{"error":{"message","details"}}`.',
      },
      { name: 'Sessions', description: 'See and end the sessions of the current user.' },
      { name: 'Password', description: 'Change and reset passwords.' },
      { name: 'E-mail', description: 'Prove, change and take back e-mail addresses.' },
      {
        name: 'Token pairs',
        description: 'Pairs whose two tokens only work together. Errors are `{"error":"sentence"}`.',
      },
      { name: 'OAuth', description: 'A refresh as RFC 6749 has it. Errors are `{"error","error_description"}`.' },
      { name: 'Keys', description: 'Public keys, for services that verify access tokens by themselves.' },
      { name: 'Operation', description: 'Probes for load balancers and orchestrators.' },
    ],
    paths,
    components: {
      // A component refers to the components inside it, but not to itself.
      schemas: Object.fromEntries(
        Object.entries(components).map(([name, schema]) => [name, withReferencesInside(schema, components)]),
      ),
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token.' },
        cookieAuth: {
          type: 'apiKey',
          in: 'cookie',
          name: REFRESH_COOKIE,
          description: 'The refresh token, set by a login that asks for a cookie.',
        },
        serviceKey: { type: 'http', scheme: 'bearer', description: 'One of SERVICE_KEYS.' },
      },
    },
  }
}

function describeRoute(route: Route, about: About, edge: EdgeSettings, components: Components): object {
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
    ...Object.entries(endpoint.query ?? {}).map(([name, { description, values }]) => ({
      name,
      in: 'query',
      description,
      schema: { type: 'string', enum: values },
    })),
    ...(about.takesIdempotencyKey ? [idempotencyKey] : []),
  ]
  return {
    operationId: about.operationId,
    tags: [about.tag],
    summary: about.summary,
    ...(about.detail && { description: about.detail }),
    security: securityOf(scheme, endpoint),
    ...(parameters.length > 0 && { parameters }),
    ...(endpoint.body && { requestBody: requestBody(endpoint, endpoint.body, about, components) }),
    responses: { ...successes(endpoint, about, components), ...describeAnswers(route, about, edge) },
  }
}

/** The cookie is one of two ways to present a refresh token: the empty requirement is the other. */
function securityOf(scheme: string | null, { mayOmitBody }: Endpoint): object[] {
  if (mayOmitBody) return [{}, { cookieAuth: [] }]
  return scheme === null ? [] : [{ [scheme]: [] }]
}

function requestBody(endpoint: Endpoint, body: TSchema, { examples }: About, components: Components): object {
  const type = endpoint.bodyType === 'form' ? 'application/x-www-form-urlencoded' : 'application/json'
  return { required: endpoint.mayOmitBody !== true, content: content(body, examples?.body, components, type) }
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Generate a new key for each refresh, and keep it with the token until the response is stored: with it, a refresh whose response was lost can be repeated at any time. Never use a constant: anyone who knows the key can repeat your refresh, too.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{16,128}$' },
}

function successes(
  { responses }: Endpoint,
  { success, examples }: About,
  components: Components,
): Record<string, object> {
  const described = Object.entries(responses).map(([status, schema]) => {
    const example = status === '202' ? (examples?.accepted ?? examples?.answer) : examples?.answer
    const body = 'type' in schema && schema.type === 'null' ? {} : { content: content(schema, example, components) }
    return [status, { description: success, ...body }]
  })
  return Object.fromEntries(described)
}

function content(
  schema: TSchema,
  example: object | undefined,
  components: Components,
  type = 'application/json',
): object {
  return { [type]: { schema: withReferences(schema, components), ...(example && { example }) } }
}

/** Replaces the schemas of components with references to them. */
function withReferences(schema: object, components: Components): object {
  const name = Object.keys(components).find((candidate) => components[candidate] === schema)
  return name ? { $ref: `#/components/schemas/${name}` } : withReferencesInside(schema, components)
}

function withReferencesInside(schema: object, components: Components): object {
  const entries = Object.entries(schema).map(([key, value]) => [key, withReferencesIn(value, components)])
  return Object.fromEntries(entries)
}

function withReferencesIn(value: unknown, components: Components): unknown {
  if (Array.isArray(value)) return value.map((each) => withReferencesIn(each, components))
  return typeof value === 'object' && value !== null ? withReferences(value, components) : value
}
