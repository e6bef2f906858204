import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from '../support/server.ts'
import { decodeClaims, logIn, logInNewUser } from '../support/users.ts'

const [OWNER, ELSEWHERE, THIEF] = ['192.0.2.1', '198.51.100.7', '203.0.113.9']
const WINDOWS_CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36'

const server = await startServer({ TRUSTED_PROXIES: '127.0.0.1', REFRESH_TOKEN_ROTATION: 'strict' })

interface From {
  ip: string
  device?: string
  key?: string
}

function refreshFrom({ ip, device = 'curl', key }: From, refresh_token: string) {
  const headers = { 'x-forwarded-for': ip, 'user-agent': device, ...(key && { 'idempotency-key': key }) }
  return server.post('/api/v1/auth/refresh', { refresh_token }, { headers })
}

/** The event of a reuse as the owner sees it, from another session. */
async function sceneOf({ user, access_token }: { user: { email: string }; access_token: string }) {
  const { access_token: bearer } = await logIn(server, user.email)
  const { body } = await server.get(`/api/v1/auth/sessions/${decodeClaims(access_token)['sid']}`, { bearer })
  assert.equal(body.session.end_reason, 'reuse')
  const [event] = body.events
  assert.equal(event.kind, 'refresh_token_reused')
  return event
}

/** Asserts that a time is the server's at this moment, give or take the time that a request takes. */
function assertNow(time: string) {
  const distance = Math.abs(server.ctx.now().getTime() - Date.parse(time))
  assert.ok(distance < 5000, `${time} is ${distance} ms from the server's time`)
}

test('the event of a reuse names both addresses and both times: of the first use, and of the second', async () => {
  const login = await logInNewUser(server)
  server.advanceClock({ seconds: 600 })
  const successor = await refreshFrom({ ip: ELSEWHERE }, login.refresh_token)
  const usedAt = server.ctx.now()
  server.advanceClock({ seconds: 300 })
  const thief = { ip: THIEF, device: WINDOWS_CHROME, key: 'a key of sixteen characters'.replaceAll(' ', '-') }
  assert.equal((await refreshFrom(thief, login.refresh_token)).status, 401)
  assertNow((await sceneOf(login)).at)
  const { ip, device, details } = await sceneOf(login)
  assert.deepEqual([ip, device], [THIEF, 'Chrome on Windows'])
  const { used_at, newest_at, ...rest } = details
  assert.deepEqual(rest, {
    generation: 0,
    had_key: 'yes',
    used_ip: ELSEWHERE,
    newest_generation: 1,
    newest_ip: ELSEWHERE,
  })
  for (const time of [used_at, newest_at]) assert.ok(Math.abs(Date.parse(time) - usedAt.getTime()) < 5000, time)
  assert.equal((await refreshFrom({ ip: ELSEWHERE }, successor.body.refresh_token)).status, 401)
})

test('where the row of the used token is gone, the event still tells when and from where the newest was made', async () => {
  const login = await logInNewUser(server)
  let newest = login.refresh_token
  for (const ip of [OWNER, OWNER, ELSEWHERE]) newest = (await refreshFrom({ ip }, newest)).body.refresh_token
  const madeAt = server.ctx.now()
  server.advanceClock({ seconds: 3600 })
  assert.equal((await refreshFrom({ ip: THIEF }, login.refresh_token)).status, 401)
  const { ip, details } = await sceneOf(login)
  const { newest_at, ...rest } = details
  assert.equal(ip, THIEF)
  assert.deepEqual(rest, {
    generation: 0,
    had_key: 'no',
    used_at: null,
    used_ip: null,
    newest_generation: 3,
    newest_ip: ELSEWHERE,
  })
  assert.ok(Math.abs(Date.parse(newest_at) - madeAt.getTime()) < 5000, newest_at)
})
