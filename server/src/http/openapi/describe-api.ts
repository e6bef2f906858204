import type { TSchema } from 'typebox'
import type { About, Endpoint } from '../endpoint/endpoint.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import type { Route } from '../endpoint/route.ts'
import { TokensSchema } from '../view/tokens.ts'
import { UserSchema } from '../view/user.ts'
import { describeAnswers, errorSchemas } from './describe-answers.ts'

const DESCRIPTION = `Signs up users, checks passwords, and issues, refreshes and revokes JWT access and refresh tokens.

Bodies are JSON in UTF-8, at most 16 KB. Dates are ISO 8601 in UTC. Every response to a readable request has an \`X-Request-Id\`, which also appears in the log.`

const components: Record<string, object> = { User: UserSchema, Tokens: TokensSchema, ...errorSchemas }

/** Describes the API in OpenAPI 3.1, from what the routes validate and return, so that it cannot contradict them. */
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
      { name: 'Registration', description: 'Sign up and delete users.' },
      {
        name: 'Authentication',
        description: 'Log in, refresh, log out, get the current user. Errors are `{"error":{"message","details"}}`.',
      },
      {
        name: 'Token pairs',
        description: 'Pairs whose two tokens only work together. Errors are `{"error":"sentence"}`.',
      },
      { name: 'OAuth', description: 'A refresh as RFC 6749 has it. Errors are `{"error","error_description"}`.' },
      { name: 'Operation', description: 'Probes for load balancers and orchestrators.' },
    ],
    paths,
    components: {
      // A component refers to the components inside it, but not to itself.
      schemas: Object.fromEntries(
        Object.entries(components).map(([name, schema]) => [name, withReferencesInside(schema)]),
      ),
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
    ...(endpoint.body && {
      requestBody: { required: true, content: content(endpoint.body, about.examples?.body, endpoint.bodyType) },
    }),
    responses: { ...successes(endpoint, about), ...describeAnswers(route, about, edge) },
  }
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Generate a new key for each refresh, and keep it with the token until the response is stored: with it, a refresh whose response was lost can be repeated at any time. Never use a constant: anyone who knows the key can repeat your refresh, too.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{16,128}$' },
}

function successes({ responses }: Endpoint, { success, examples }: About): Record<string, object> {
  const described = Object.entries(responses).map(([status, schema]) => {
    const body = 'type' in schema && schema.type === 'null' ? {} : { content: content(schema, examples?.answer) }
    return [status, { description: success, ...body }]
  })
  return Object.fromEntries(described)
}

function content(schema: TSchema, example: object | undefined, type?: Endpoint['bodyType']): object {
  return {
    [type === 'form' ? 'application/x-www-form-urlencoded' : 'application/json']: {
      schema: withReferences(schema),
      ...(example && { example }),
    },
  }
}

/** Replaces the schemas of components with references to them. */
function withReferences(schema: object): object {
  const name = Object.keys(components).find((candidate) => components[candidate] === schema)
  return name ? { $ref: `#/components/schemas/${name}` } : withReferencesInside(schema)
}

function withReferencesInside(schema: object): object {
  const entries = Object.entries(schema).map(([key, value]) => [key, withReferencesIn(value)])
  return Object.fromEntries(entries)
}

function withReferencesIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferencesIn)
  return typeof value === 'object' && value !== null ? withReferences(value) : value
}
