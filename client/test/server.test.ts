import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PASSWORD, signUp } from '../../server/test/support/users.ts'
import { createServerClient } from '../src/server/server-client.ts'
import { patientFetch, startGateway } from './support/gateway.ts'

const NAME = '__Host-tessera_refresh'

type Gateway = Awaited<ReturnType<typeof startGateway>>

/** Signs a new user in as a browser does. Returns the header `Cookie` of its next request. */
async function cookieOfNewUser({ server }: Gateway): Promise<{ cookie: string; email: string }> {
  const { email } = await signUp(server)
  const login = await server.post('/api/v1/auth/login', { email, password: PASSWORD, cookie: true })
  return { cookie: cookieFrom(login.headers.getSetCookie()), email }
}

function cookieFrom(setCookies: readonly string[]): string {
  const [pair] = setCookies.find((line) => line.startsWith(`${NAME}=`))?.split(';') ?? []
  return pair ?? ''
}

test('a server refreshes for a request, knows its user, and hands the new cookie on', async () => {
  const gateway = await startGateway()
  const client = createServerClient({ url: `${gateway.url}/`, fetch: patientFetch })
  const { cookie, email } = await cookieOfNewUser(gateway)

  const young = await client.refresh({ cookie: `theme=dark; ${cookie}; other=1` })
  assert.deepEqual([young.status, young.setCookies.length], ['signed_in', 0], 'a young cookie is kept')
  assert.equal((await client.user(String(young.accessToken)))?.email, email)

  gateway.expireAccessTokens()
  assert.equal(await client.user(String(young.accessToken)), null)
  const next = await client.refresh({ cookie })
  assert.equal(next.status, 'signed_in')
  assert.match(cookieFrom(next.setCookies), /^__Host-tessera_refresh=[\w-]{86}\.[\w-]{43}$/)
  assert.equal((await client.user(String(next.accessToken)))?.email, email)

  await gateway.server.post('/api/v1/auth/logout', {}, { headers: { cookie: cookieFrom(next.setCookies) } })
  const ended = await client.refresh({ cookie: cookieFrom(next.setCookies) })
  assert.deepEqual([ended.status, ended.accessToken], ['signed_out', null])
})

test('without a cookie and without a verdict the session is unknown, and never signed out', async () => {
  const gateway = await startGateway()
  const client = createServerClient({ url: gateway.url, fetch: patientFetch })
  for (const cookie of [null, undefined, '', 'theme=dark', `${NAME}=`, `x${NAME}=abc`])
    assert.equal((await client.refresh({ cookie })).status, 'unknown', String(cookie))
  assert.deepEqual(gateway.calls, [], 'nothing is asked')
  const { cookie } = await cookieOfNewUser(gateway)
  for (const fault of ['refused', 'unavailable', 'proxy', 'portal', 'doorman', 'lost'] as const) {
    gateway.fault = () => fault
    assert.equal((await client.refresh({ cookie })).status, 'unknown', fault)
    assert.equal(await client.user('token'), null, fault)
  }
  gateway.fault = () => undefined
  assert.equal((await client.refresh({ cookie })).status, 'signed_in')
})

test('an answer that never reached the browser costs nothing, a day later too', async () => {
  const gateway = await startGateway()
  const client = createServerClient({ url: gateway.url, fetch: patientFetch })
  const { cookie } = await cookieOfNewUser(gateway)
  gateway.expireAccessTokens()
  assert.equal((await client.refresh({ cookie })).setCookies.length, 1)
  gateway.server.advanceClock({ seconds: 86_400 })
  assert.equal((await client.refresh({ cookie })).status, 'signed_in')
})

test('thirty requests of thirty users at the same time each get their own user, through one client', async () => {
  const gateway = await startGateway()
  const client = createServerClient({ url: gateway.url, fetch: patientFetch })
  const users: { cookie: string; email: string }[] = []
  while (users.length < 30) users.push(await cookieOfNewUser(gateway))
  gateway.expireAccessTokens()
  const emails = await Promise.all(
    users.map(async ({ cookie }) => {
      const { accessToken } = await client.refresh({ cookie })
      return (await client.user(String(accessToken)))?.email
    }),
  )
  assert.deepEqual(
    emails,
    users.map(({ email }) => email),
  )
})

test('only the refresh cookie and the address of the client are sent', async () => {
  const sent: Headers[] = []
  const client = createServerClient({
    url: 'http://tessera.example',
    fetch: async (_input, init) => {
      sent.push(new Headers(init?.headers))
      return new Response('', { status: 503 })
    },
  })
  await client.refresh({ cookie: `secret=1; ${NAME}=abc.def; other=2`, address: '203.0.113.7' })
  assert.deepEqual(Object.fromEntries(sent[0] ?? []), {
    'content-type': 'application/json',
    cookie: `${NAME}=abc.def`,
    'x-forwarded-for': '203.0.113.7',
  })
})
