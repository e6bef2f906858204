import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { beforeEach, test } from 'node:test'
import { setImmediate as nextRound } from 'node:timers/promises'
import { decodeClaims } from '../support/users.ts'
import { startBench } from './bench.ts'

const MINUTE = 60_000

const server = await startBench()
beforeEach(() => server.test('reset'))

test('a clock that is advanced moves every time of the server, and its access tokens expire', async () => {
  const { tokens } = await server.signIn()
  const me = () => server.get('/api/v1/auth/me', { bearer: tokens.access_token })
  assert.equal((await me()).status, 200)
  const { status, body } = await server.test('clock', { advance: '16m' })
  assert.equal(status, 200)
  const moved = Date.parse(body.now) - Date.now()
  assert.ok(moved > 15.9 * MINUTE && moved <= 16 * MINUTE, body.now)
  assert.ok(Math.abs(server.now().getTime() - Date.parse(body.now)) < MINUTE)
  assert.equal((await me()).status, 401)
  const { access_token } = (await server.refresh(tokens.refresh_token)).body
  const issuedAt = Number(decodeClaims(access_token)['iat']) * 1000
  assert.ok(Math.abs(issuedAt - server.now().getTime()) < MINUTE, 'tokens too')
})

test('an empty body only reads the clock, and set moves it to a time', async () => {
  const { body } = await server.test('clock', { set: '2040-01-01T00:00:00Z' })
  assert.match(body.now, /^2040-01-01T00:00:0/)
  const read = await server.test('clock', {})
  assert.match(read.body.now, /^2040-01-01T00:00/)
})

test('the clock goes back only while nothing was done since the last reset', async () => {
  assert.match((await server.test('clock', { set: '2020-01-01' })).body.now, /^2020-01-01/)
  assert.match((await server.test('clock', { set: '2019-01-01' })).body.now, /^2019-01-01/)
  await server.signIn()
  const back = await server.test('clock', { set: '2018-12-31' })
  assert.equal(back.status, 422)
  assert.match(back.body.error.details.set[0], /must not be before 2019-01-01T.*call POST \/test\/reset first/)
  const reset = await server.test('reset')
  assert.ok(Math.abs(Date.parse(reset.body.now) - Date.now()) < MINUTE, 'a reset is back at the time of the machine')
  assert.equal((await server.test('clock', { set: '2018-12-31' })).status, 200)
})

test('background work of the time that was skipped is done at once', async () => {
  const { user } = await server.signIn()
  await server.post('/api/v1/users/password/forgot', { email: user.email })
  await server.test('clock', { advance: '29d' })
  const { mails } = (await server.get('/test/mails', { bearer: server.adminKey })).body
  assert.equal(mails.length, 1, 'it was written before the clock moved')
  await server.test('clock', { advance: '2d' })
  const later = (await server.get('/test/mails', { bearer: server.adminKey })).body
  assert.deepEqual(later.mails, [], 'and deleted thirty days later')
})

test('moves of the clock leave no timer behind', async () => {
  const timers = new Set<number>()
  const hook = createHook({
    init: (id, type) => type === 'Timeout' && timers.add(id),
    destroy: (id) => timers.delete(id),
  }).enable()
  for (let count = 0; count < 200; count++) await server.test('clock', { advance: '1s' })
  await nextRound()
  hook.disable()
  assert.ok(timers.size < 20, `${timers.size} timers run`)
})

test('a time that cannot be read is refused with a sentence for its field', async () => {
  for (const [body, field, sentence] of [
    [{ advance: 5 }, 'advance', 'must be a string'],
    [{ advance: '16 minutes' }, 'advance', 'must be a time such as 90s, 16m, 36h or 8d, of at most ten years'],
    [{ advance: '-16m' }, 'advance', 'must be a time such as 90s, 16m, 36h or 8d, of at most ten years'],
    [{ advance: '99999d' }, 'advance', 'must be a time such as 90s, 16m, 36h or 8d, of at most ten years'],
    [{ set: '2026-02-30' }, 'set', 'must be a time such as 2026-01-01T00:00:00Z'],
    [{ set: ['2026-02-01'] }, 'set', 'must be a string'],
    [{ advance: '1s', set: '2040-01-01' }, 'set', 'cannot be sent with advance'],
    [{ Advance: '1s' }, 'Advance', 'is not one of advance, set'],
    [[], 'body', 'must be a JSON object'],
  ] as const) {
    const answer = await server.test('clock', body)
    assert.equal(answer.status, 422, JSON.stringify(body))
    assert.deepEqual(answer.body.error.details, { [field]: [sentence] })
  }
})
