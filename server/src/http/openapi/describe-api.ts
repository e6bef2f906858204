import type { TSchema } from 'typebox'
import type { About, Bodies, Endpoint, TokenPlace } from '../endpoint/endpoint.ts'
import type { Guard } from '../endpoint/guard.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import type { Route } from '../endpoint/route.ts'
import { Type } from '../endpoint/schema.ts'
import { REFRESH_COOKIE } from '../request/refresh-cookie.ts'
import { LOGIN_ANSWERS } from '../view/login.ts'
import { TokensSchema } from '../view/tokens.ts'
import { describeUser, UserSchema } from '../view/user.ts'
import { describeAnswers, errorSchemas } from './describe-answers.ts'

const DESCRIPTION = `Signs up users, checks passwords, and issues, refreshes and revokes JWT access and refresh tokens.

Bodies are JSON in UTF-8, at most 16 KB. Dates are ISO 8601 in UTC. Every response to a readable request has an \`X-Request-Id\`, which also appears in the log.`

const PLACES: Record<TokenPlace, string> = {
  body: 'Described for clients that have the refresh token of a login in bodies. `/openapi.json?tokens=cookie` describes this server for pages that have it in a cookie.',
  cookie: 'Described for pages that have the refresh token of a login in a cookie.',
}

/** A route with its part of one description. */
interface Operation extends Bodies {
  route: Route
  about: About
}

type Components = Readonly<Record<string, object>>

/** Names the body and the answer of each operation, so that generated clients have types for them. */
function nameSchemas(operations: readonly Operation[], place: TokenPlace): Components {
  const shared = { User: UserSchema, Tokens: TokensSchema, LoginResponse: LOGIN_ANSWERS[place] }
  const named: Record<string, object> = { ...shared, ...errorSchemas }
  const add = (name: string, schema: TSchema | null) => {
    if (schema && 'properties' in schema && !Object.values(named).includes(schema)) named[name] = schema
  }
  for (const { about, request, answer } of operations) {
    const name = about.operationId.charAt(0).toUpperCase() + about.operationId.slice(1)
    add(`${name}Request`, request)
    add(`${name}Response`, answer)
  }
  return named
}

/**
 * Describes the API in OpenAPI 3.1, from what the routes validate and return, so that it cannot contradict them. The address
 * of the server is up to the caller.
 *
 * @param place where the clients that it is for have the refresh tokens of logins
 */
export function describeApi(routes: readonly Route[], edge: EdgeSettings, version: string, place: TokenPlace): object {
  const operations = routes.flatMap((route) => toOperation(route, place, edge))
  const components = nameSchemas(operations, place)
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of operations) {
    const { method, path: pattern } = operation.route
    const path = pattern.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [method.toLowerCase()]: describe(operation, place, edge, components) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tessera',
      version,
      description: `${DESCRIPTION}\n\n${PLACES[place]}`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    tags: [
      { name: 'Registration', description: 'Sign up and delete users.' },
      {
        name: 'Authentication',
        description: 'Log in, refresh, log out, get the current user. Errors are `{"error":{"message","details"}}`.',
      },
      { name: 'Sessions', description: 'See and end the sessions of the current user.' },
      { name: 'Password', description: 'Change and reset passwords.' },
      { name: 'Claims', description: 'Claims that access tokens of logins carry; for services with a key.' },
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
        Object.entries(components).map(([name, schema]) => [
          name,
          withReferencesInside(schema === UserSchema ? describeUser(edge.roles) : schema, components),
        ]),
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
        serviceKeyAsPassword: {
          type: 'http',
          scheme: 'basic',
          description: 'One of SERVICE_KEYS as the password, with any user name.',
        },
      },
    },
  }
}

/** A page is no operation. */
function toOperation(route: Route, place: TokenPlace, edge: EdgeSettings): Operation[] {
  const { about, body = null, responses } = route.endpoint
  if (!about) return []
  const {
    request,
    answer,
    examples = {},
  } = about.bodiesFor?.(place, edge) ?? {
    request: body,
    answer: Object.values(responses)[0] ?? Type.Null(),
    ...(about.examples && { examples: about.examples }),
  }
  return [{ route, about, request, answer, examples }]
}

function describe(operation: Operation, place: TokenPlace, edge: EdgeSettings, components: Components): object {
  const { route, about, request, examples } = operation
  const { endpoint, guard } = route
  const scheme = guard?.scheme(edge) ?? null
  const parameters = [
    ...Object.entries(endpoint.params ?? {}).map(([name, description]) => ({
      name,
      in: 'path',
      required: true,
      description,
      schema: { type: 'string' },
      ...(examples.params?.[name] !== undefined && { example: examples.params[name] }),
    })),
    ...Object.entries(endpoint.query ?? {}).map(([name, { description, values, example }]) => ({
      name,
      in: 'query',
      description,
      schema: { type: 'string', ...(values && { enum: values }) },
      ...(example !== undefined && { example }),
    })),
    ...(about.takesIdempotencyKey ? [idempotencyKey] : []),
  ]
  return {
    operationId: about.operationId,
    tags: [about.tag],
    summary: about.summary,
    ...(about.detail && { description: about.detail }),
    security: securityOf(scheme, endpoint, place),
    ...(parameters.length > 0 && { parameters }),
    ...(request && { requestBody: requestBody(operation, request, place, components) }),
    responses: {
      ...successes(operation, place, components),
      ...describeAnswers(route, about, edge),
    },
  }
}

/** Where a refresh token may be in a cookie, a client that has it there presents nothing else. */
function securityOf(scheme: ReturnType<Guard['scheme']>, { mayOmitBody }: Endpoint, place: TokenPlace): object[] {
  if (mayOmitBody && place === 'cookie') return [{ cookieAuth: [] }]
  return scheme === null ? [] : [scheme].flat().map((name) => ({ [name]: [] }))
}

function requestBody(
  { route: { endpoint }, examples }: Operation,
  body: TSchema,
  place: TokenPlace,
  components: Components,
): object {
  const types = [
    ...(endpoint.bodyType === undefined ? [] : ['application/x-www-form-urlencoded']),
    ...(endpoint.bodyType === 'form' ? [] : ['application/json']),
  ]
  const required = endpoint.mayOmitBody !== true || place === 'body'
  return {
    required,
    content: Object.assign({}, ...types.map((type) => content(body, examples.body, components, type))),
  }
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Send the `Tessera-Attempt` that came with the refresh token, or generate a new key for each refresh and keep it with the token until the response is stored: with it, a refresh whose response was lost can be repeated at any time. Never use a constant: anyone who knows the key can repeat your refresh, too.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{16,128}$' },
  example: 'refresh-{{$randomUUID}}',
}

const attempt = {
  description: 'Keep it with the refresh token, and send it as `Idempotency-Key`. Absent if that token stays.',
  schema: { type: 'string', pattern: '^[\\w-]{43}$' },
}

/** A route sends the answer of the operation first among its schemas, and others as they are. */
function successes(
  { route, about, answer, examples }: Operation,
  place: TokenPlace,
  components: Components,
): Record<string, object> {
  // A page whose refresh token is in a cookie has the attempt there, too.
  const hasHeader = about.handsOutAttempt && !(about.takesCookie && place === 'cookie')
  const described = Object.entries(route.endpoint.responses).map(([status, served], index) => {
    const schema = index === 0 ? answer : served
    const example = status === '202' ? (examples.accepted ?? examples.answer) : examples.answer
    const isEmpty = 'type' in schema && schema.type === 'null'
    const signed = route.endpoint.signedAs && { [route.endpoint.signedAs]: { schema: { type: 'string' } } }
    const body = isEmpty ? {} : { content: { ...content(schema, example, components), ...signed } }
    const headers = hasHeader && index === 0 ? { headers: { 'Tessera-Attempt': attempt } } : {}
    return [status, { description: about.success, ...headers, ...body }]
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
