import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/config/reading/config.ts'
import { type Answer, startServer, type TestServer } from '../support/server.ts'
import { PASSWORD, signUp } from '../support/users.ts'

const NAME = '__Host-tessera_refresh'

/** The value and the attributes of the refresh cookie that an answer sets. */
function refreshCookie(answer: Answer): { value: string; attributes: string } {
  const cookie = answer.headers.getSetCookie().find((line) => line.startsWith(`${NAME}=`)) ?? ''
  const [, value = '', attributes = ''] = /^[^=]+=([^;]*)(.*)$/.exec(cookie) ?? []
  return { value, attributes }
}

const post = (server: TestServer, path: string, value: string, headers = {}) =>
  server.post(`/api/v1/auth/${path}`, {}, { headers: { cookie: `${NAME}=${value}`, ...headers } })

for (const [settings, attribute] of [
  [{}, 'Strict'],
  [{ COOKIE_SAME_SITE: 'strict' }, 'Strict'],
  [{ COOKIE_SAME_SITE: 'lax' }, 'Lax'],
] as const)
  test(`login, refresh and logout write SameSite=${attribute} with ${JSON.stringify(settings)}`, async () => {
    const server = await startServer(settings)
    const { email } = await signUp(server)
    const login = await server.post('/api/v1/auth/login', { email, password: PASSWORD, cookie: true })
    const expected = (maxAge: number) => `; Max-Age=${maxAge}; Path=/; HttpOnly; Secure; SameSite=${attribute}`
    assert.equal(refreshCookie(login).attributes, expected(604_800))
    server.advanceClock({ seconds: 31 })
    const refreshed = await post(server, 'refresh', refreshCookie(login).value)
    assert.equal(refreshCookie(refreshed).attributes, expected(604_800))
    const logout = await post(server, 'logout', refreshCookie(refreshed).value)
    assert.deepEqual(refreshCookie(logout), { value: '', attributes: expected(0) })
  })

test('with COOKIE_SAME_SITE=lax requests from other sites are refused as ever, and use no token up', async () => {
  const server = await startServer({ COOKIE_SAME_SITE: 'lax' })
  const { email } = await signUp(server)
  const login = await server.post('/api/v1/auth/login', { email, password: PASSWORD, cookie: true })
  const { value } = refreshCookie(login)
  server.advanceClock({ seconds: 31 })
  for (const path of ['refresh', 'logout'])
    for (const headers of [{ origin: 'https://attacker.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const refused = await post(server, path, value, headers)
      assert.deepEqual([refused.status, refused.body.error.details.code], [403, 'cross_site'])
      assert.deepEqual(refused.headers.getSetCookie(), [])
    }
  assert.equal((await post(server, 'refresh', value)).status, 200)
})

test('COOKIE_SAME_SITE takes strict and lax and nothing else, in lower case', () => {
  for (const value of ['none', 'None', 'Lax', 'strict,lax', 'on'])
    assert.throws(() => readConfig({ COOKIE_SAME_SITE: value }), /COOKIE_SAME_SITE/)
})
