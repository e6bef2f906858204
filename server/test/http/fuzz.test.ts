import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { after, test } from 'node:test'
import { routes } from '../../src/http/routes.ts'
import { apiDescription } from '../support/requests/api-description.ts'
import { type OddRequest, oddRequests } from '../support/requests/odd-requests.ts'
import { SEED, sample } from '../support/requests/seeded.ts'
import { startServer } from '../support/server.ts'
import { ADMIN, issuePair, logIn, logInNewUser } from '../support/users.ts'

const SERVICE_KEY = 'orders-may-ask-about-tokens'

// The peer is a trusted proxy, so that forwarding headers are parsed.
const server = await startServer({
  TRUSTED_PROXIES: '127.0.0.1,::1',
  EMAIL_LOGIN: 'on',
  SERVICE_KEYS: SERVICE_KEY,
  JWT_ALGORITHM: 'ES256',
  JWT_ISSUER: 'https://auth.example',
})
const api = await apiDescription(server)
const agent = new Agent({ keepAlive: true, maxSockets: 16 })
after(() => agent.destroy())

const REQUESTS = 4000
const PARALLEL = 16

const logins = await Promise.all(Array.from({ length: 12 }, () => logInNewUser(server)))
const pairs = await Promise.all(Array.from({ length: 12 }, () => issuePair(server)))
const admin = await logIn(server, ADMIN.email, ADMIN.password)
const tokens = [...logins, ...pairs, admin]
const sent = oddRequests(api, {
  url: server.url,
  accessTokens: tokens.map(({ access_token }) => access_token),
  refreshTokens: tokens.map(({ refresh_token }) => refresh_token),
  ids: logins.flatMap(({ user }) => [user.guid, String(user.id), user.guid.toUpperCase()]),
  emails: logins.map(({ user }) => user.email),
  serviceKey: SERVICE_KEY,
})

/** A password, a link or a code that is right is rarer still. */
const NEED_A_MAIL = [
  ...['changePassword', 'resetPassword', 'verifyEmail', 'requestEmailChange', 'confirmEmailChange'],
  ...['undoEmailChange', 'verifyLogin'],
]

interface Received {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** Sends a request with `node:http`: `fetch` would refuse to send half of these. */
async function ask({ method, path, headers, body }: OddRequest): Promise<Received> {
  const options = { agent, method, path, headers: { ...headers, 'content-length': body.length } }
  const outgoing = request(server.url, options).end(body)
  const [answer] = await once(outgoing, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  return { status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString() }
}

function assertFits({ method, route, path }: OddRequest, { status, headers, text }: Received): void {
  assert.ok(status < 500, `${status} ${text}`)
  const isJson = headers['content-type']?.startsWith('application/json') ?? false
  assert.equal(headers['x-content-type-options'], 'nosniff')
  // Public keys and metadata are for caches.
  if (isJson && !(route.startsWith('/.well-known/') && status === 200))
    assert.equal(headers['cache-control'], 'no-store')
  const methods = routes.filter((each) => each.path.replaceAll(/:(\w+)/g, '{$1}') === route).map((each) => each.method)
  const allowed = methods.includes('GET') ? [...methods, 'HEAD'] : methods
  if (
    !allowed.some((each) => each === method) &&
    !path.startsWith('/docs/') &&
    !path.startsWith('/dev/mail') &&
    route !== '/metrics'
  ) {
    // A preflight of a page of this machine is answered in development.
    if (method === 'OPTIONS' && status === 204) return
    const others = route.includes('{') ? [400, 414] : []
    assert.ok([405, ...others].includes(status), `${status} for an unsupported method`)
    if (status === 405) assert.equal(headers.allow, allowed.join(', '))
    return
  }
  const asked = method === 'HEAD' ? 'GET' : method
  const operation = api.document.paths[route]?.[asked.toLowerCase()]
  if (method === 'HEAD') assert.equal(text, '')
  // A browser at a path that is unknown gets a page: not-found.test.ts looks at it.
  const isPage = status === 404 && (headers['content-type']?.startsWith('text/html') ?? false)
  if (!operation || isPage) return
  if (method === 'HEAD') assert.ok(operation.responses[status], `${status} is not described`)
  else api.assertDescribed(route, asked.toLowerCase(), { status, text, body: isJson ? JSON.parse(text) : null })
}

test('every answer to an odd request is one that the API description lists, and never a server error', async (t) => {
  const seen = new Map<string, number>()
  const all = sample(sent, REQUESTS)
  for (let start = 0; start < all.length; start += PARALLEL) {
    await Promise.all(
      all.slice(start, start + PARALLEL).map(async (each, at) => {
        try {
          const received = await ask(each)
          const kind = `${each.method} ${each.route} ${received.status}`
          seen.set(kind, (seen.get(kind) ?? 0) + 1)
          assertFits(each, received)
        } catch (error) {
          const { method, path, headers, body } = each
          const what = JSON.stringify({ method, path, headers, body: body.toString('latin1').slice(0, 400) })
          throw new Error(`FUZZ_SEED=${SEED}, request ${start + at}: ${(error as Error).message}\n${what}`, {
            cause: error,
          })
        }
      }),
    )
  }
  assert.equal((await server.get('/health')).status, 200)
  for (const [path, method, { operationId }] of api.operations) {
    const statuses = [...seen.keys()].filter((kind) => kind.startsWith(`${method.toUpperCase()} ${path} `))
    t.diagnostic(statuses.map((kind) => `${kind} × ${seen.get(kind)}`).join(', '))
    // An unused token, two matching halves of a pair, or a user with a matching token are rare: a refusal is enough.
    const rare: Record<string, RegExp> = {
      deleteUser: / (204|404)$/,
      refresh: / (200|401)$/,
      refreshPair: / (200|401)$/,
      oauthToken: / (200|400)$/,
      // No request has a key of a service.
      ...Object.fromEntries(['setUserClaims', 'setSessionClaims'].map((id) => [id, / 401$/])),
      ...Object.fromEntries(NEED_A_MAIL.map((id) => [id, / (20[024]|422)$/])),
      ...Object.fromEntries(['showSession', 'endSession'].map((id) => [id, / (20[04]|404)$/])),
    }
    const reached = rare[operationId] ?? / 20[02]$/
    assert.ok(
      statuses.some((kind) => reached.test(kind)),
      `FUZZ_SEED=${SEED}: ${method} ${path} never got that far`,
    )
  }
  assert.deepEqual(
    server.logs.filter(({ level }) => Number(level) >= 50),
    [],
  )
})

test('an unroutable path is answered with the usual headers and logged', async () => {
  for (const [path, status] of [
    ['/auth/%zz', 400],
    [`/api/v1/users/${'x'.repeat(200)}`, 414],
  ] as const) {
    const before = server.logs.length
    const answer = await server.get(path)
    assert.equal(answer.status, status)
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
    assert.ok(server.logs.length > before)
  }
})

test('a method unknown to the framework is 405 on a path with an id, too', async () => {
  const answer = await ask({
    method: 'PROPFIND',
    route: '',
    path: '/api/v1/users/1',
    headers: {},
    body: Buffer.alloc(0),
  })
  assert.equal(answer.status, 405)
  assert.equal(answer.headers.allow, 'DELETE')
})
