import fc from 'fast-check'
import { routes } from '../../../src/http/routes.ts'
import { ADMIN, JOHN, PASSWORD } from '../users.ts'
import type { ApiDescription } from './api-description.ts'
import { writtenJson } from './written-json.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY']

export interface OddRequest {
  method: string
  route: string
  path: string
  headers: Record<string, string>
  body: Buffer
}

/** Tokens, ids and addresses that exist on the server under test. */
export interface Known {
  url: string
  accessTokens: string[]
  refreshTokens: string[]
  ids: string[]
  emails: string[]
  serviceKey: string
}

const RAW = [
  '',
  '{',
  '[',
  '"',
  'nul',
  '{"a":1,"a":1}',
  '{"__proto__":{"role":"admin"}}',
  '{"constructor":{"prototype":1}}',
  '\ufeff{}',
  '{"a":"\0"}',
  '{"email":"\\ud800","password":"\\u0000"}',
  '[{"a":1}]',
  `{"a":"${'x'.repeat(20_000)}"}`,
  '['.repeat(8000),
  `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
  'a=1&b=2',
]

const latin = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
})
/** Mostly the type that a route reads. */
const contentType = (expected: string) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(expected) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'application/json',
        'application/x-www-form-urlencoded',
        'application/json; charset=utf-16',
        'APPLICATION/JSON;x',
        'text/plain',
        'multipart/form-data',
        '',
        'x',
      ),
    },
    { weight: 1, arbitrary: latin },
  )
const query = fc.constantFrom('', '', '', '?', '?id=1&id=2', '?%zz', '?a[b]=c')

/** Generates requests for every route from its description and existing values: most are nearly valid. */
export function oddRequests(api: ApiDescription, known: Known): fc.Arbitrary<OddRequest> {
  const { url, accessTokens, refreshTokens, ids, emails, serviceKey } = known
  const text = fc.oneof(
    fc.constantFrom(...accessTokens),
    fc.constantFrom(...refreshTokens),
    fc.constantFrom(
      JOHN,
      ADMIN.email,
      ADMIN.password,
      PASSWORD,
      'x@example.com',
      '',
      ' ',
      '\0',
      'a\0b@example.com',
      '\ud800',
      '\u202e',
    ),
    fc.constantFrom('x'.repeat(100), 'ü'.repeat(5000), '1'.repeat(9000), "' or 1=1 --", '{{7*7}}', '../../etc/passwd'),
    fc.uuid(),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  const value = fc.oneof(
    { weight: 3, arbitrary: text },
    {
      weight: 2,
      arbitrary: fc.constantFrom<unknown>(null, true, 0, -1, 1e308, [], {}, [['x']], [null], { toString: 1 }),
    },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  )

  // Nearly valid bodies: each leaf of the description's example is unchanged, an existing value, or anything.
  function bodyLike(example: unknown, name = ''): fc.Arbitrary<unknown> {
    if (typeof example !== 'object' || example === null) return leafLike(example, name)
    const fields = Object.fromEntries(Object.entries(example).map(([key, inner]) => [key, bodyLike(inner, key)]))
    const whole = fc.record(fields)
    const extra = fc.tuple(whole, fc.oneof(fc.constantFrom('id', 'role', 'guid', 'cookie', 'user', ''), text), value)
    return fc.oneof(
      { weight: 8, arbitrary: whole },
      { weight: 1, arbitrary: fc.record(fields, { requiredKeys: [] }) },
      { weight: 1, arbitrary: extra.map(([body, key, inner]) => ({ ...body, [key]: inner })) },
      { weight: 1, arbitrary: value },
    )
  }

  function leafLike(example: unknown, name: string): fc.Arbitrary<unknown> {
    const known: Record<string, string[]> = {
      access_token: accessTokens,
      refresh_token: refreshTokens,
      user_guid: [JOHN, ...ids],
      email: [ADMIN.email, 'new@example.com', ...emails],
      password: [PASSWORD, ADMIN.password],
    }
    return fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom<unknown>(...(known[name] ?? [example])) },
      { weight: 1, arbitrary: fc.constant(example) },
      { weight: 2, arbitrary: value },
    )
  }

  function bodyNear(example: unknown): fc.Arbitrary<Buffer> {
    const near = bodyLike(example ?? { x: 1 }).map((body) => JSON.stringify(body))
    const twice = near.map((body) => `${body.slice(0, -1)},${body.slice(1)}`)
    return fc.oneof(
      { weight: 9, arbitrary: near.map((body) => Buffer.from(body)) },
      { weight: 1, arbitrary: fc.constantFrom(...RAW).map((body) => Buffer.from(body)) },
      {
        weight: 1,
        arbitrary: fc
          .oneof(
            twice,
            writtenJson('ab:"').map((json) => json.text),
          )
          .map((body) => Buffer.from(body)),
      },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
    )
  }

  const credential = fc.oneof(fc.constantFrom(...accessTokens), fc.constantFrom(...refreshTokens), latin)
  const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('unknown', '127.0.0.1', '', '10.0.0.1:80'), latin)
  const headers = fc.record(
    {
      authorization: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...accessTokens).map((token) => `Bearer ${token}`) },
        { weight: 1, arbitrary: credential.map((token) => `Bearer ${token}`) },
        { weight: 1, arbitrary: fc.constantFrom('Basic YTpi', 'Bearer', 'bearer  x') },
        { weight: 1, arbitrary: fc.constantFrom(`Bearer ${serviceKey}`, `Basic ${btoa(`x:${serviceKey}`)}`) },
      ),
      cookie: fc.oneof(
        credential.map((token) => `a=1; __Host-tessera_refresh=${token}`),
        latin,
      ),
      'idempotency-key': fc.oneof(fc.constantFrom('0123456789abcdef', 'short'), latin),
      'x-forwarded-for': fc.array(address, { maxLength: 3 }).map((hops) => hops.join(',')),
      'x-forwarded-proto': fc.constantFrom('https', 'http', 'https,http', ',', 'x'),
      accept: fc.oneof(fc.constantFrom('text/html', '*/*', 'application/json;q=0', 'image/png'), latin),
      origin: fc.oneof(fc.constantFrom('null', 'https://evil.example', url, 'x:', 'http://['), latin),
      'sec-fetch-site': fc.constantFrom('same-origin', 'cross-site', 'none', 'same-site', 'x'),
      'user-agent': fc.oneof(fc.constant('x'.repeat(4000)), latin),
      'accept-encoding': fc.constantFrom('gzip', 'identity;q=0', '*;q=0', 'x'),
      'if-none-match': latin,
    },
    { requiredKeys: [] },
  )
  const pathId = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...ids, '1', '2') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '0',
        '-1',
        '1e3',
        '9'.repeat(30),
        '%00',
        '%zz',
        '%',
        '%c3',
        '%2F',
        '..',
        'x'.repeat(200),
        '%ud800',
        '1%20',
        'a;b',
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .string({ unit: 'binary', minLength: 1, maxLength: 8 })
        .map((id) => encodeURIComponent(id.toWellFormed())),
    },
  )
  return fc.constantFrom(...routes).chain((route) => {
    const described = route.path.replaceAll(/:(\w+)/g, '{$1}')
    const operation = api.document.paths[described]?.[route.method.toLowerCase()]
    const method = fc.oneof(
      { weight: 6, arbitrary: fc.constant<string>(route.method) },
      { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
    )
    const form = fc
      .record({
        grant_type: fc.oneof({ weight: 4, arbitrary: fc.constant('refresh_token') }, text),
        refresh_token: text,
      })
      .map((fields) => Buffer.from(new URLSearchParams(fields).toString()))
    const isForm = route.endpoint.bodyType === 'form'
    const body = isForm ? form : bodyNear(operation?.requestBody?.content['application/json']?.example)
    const emptyBody = fc.constant(Buffer.alloc(0))
    return fc
      .record({
        method,
        id: pathId,
        query,
        headers,
        contentType: contentType(isForm ? 'application/x-www-form-urlencoded' : 'application/json'),
        body: route.endpoint.body ? body : fc.oneof(emptyBody, body),
      })
      .map(({ method, id, query, headers, contentType, body }) => ({
        method,
        route: described,
        path: route.path.replaceAll(/:\w+/g, () => id) + query,
        headers: { ...headers, ...((body.length > 0 || route.endpoint.body) && { 'content-type': contentType }) },
        body,
      }))
  })
}
