import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import bcrypt from 'bcrypt'
import sql from 'sql-template-tag'
import { cleanUp } from '../../src/app/clean-up.ts'
import { type Answer, startServer } from '../support/server.ts'
import { onPostgres } from '../support/test-database.ts'
import { decodeClaims, issuePair, logIn, logInNewUser, logOut, me, refresh, sessionEnded } from '../support/users.ts'

const INVALID = { error: { message: 'Invalid refresh token', details: {} } }
const EXPIRED = { error: { message: 'Refresh token expired', details: {} } }
const SESSION_EXPIRED = sessionEnded('expired', 'Refresh token expired')
const REUSED = sessionEnded('reuse')

function assertRefused(answer: Answer, body: object = INVALID) {
  assert.equal(answer.status, 401)
  assert.deepEqual(answer.body, body)
  assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
}

function issuedToken(answer: Answer): string {
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  return answer.body.refresh_token
}

const server = await startServer()
const strict = await startServer({ REFRESH_TOKEN_ROTATION: 'strict' })

test('a client of the jwt-api contract that never stores the rotated token can refresh with its first token for seven days', async () => {
  const first = await logInNewUser(server)
  const jtis = new Set([decodeClaims(first.access_token)['jti']])
  for (let day = 0; day < 7; day++) {
    const answer = await refresh(server, first.refresh_token)
    issuedToken(answer)
    assert.equal((await me(server, answer.body.access_token)).status, 200)
    jtis.add(decodeClaims(answer.body.access_token)['jti'])
    server.advanceClock({ seconds: 86_399 })
  }
  assert.equal(jtis.size, 8)
  server.advanceClock({ seconds: 7 })
  assertRefused(await refresh(server, first.refresh_token), EXPIRED)
})

test('the lifetime of a successor is renewed each time it is returned', async () => {
  const first = await logInNewUser(server)
  const second = issuedToken(await refresh(server, first.refresh_token))
  server.advanceClock({ seconds: 6 * 86_400 })
  assert.equal(issuedToken(await refresh(server, first.refresh_token)), second)
  server.advanceClock({ seconds: 2 * 86_400 })
  issuedToken(await refresh(server, second))
})

test('no token outlives its session', async () => {
  const short = await startServer({ SESSION_MAX_AGE: '60' })
  const first = await logInNewUser(short)
  short.advanceClock({ seconds: 20 })
  const refreshed = await refresh(short, first.refresh_token)
  const second = issuedToken(refreshed)
  const sessionEnd = await short.rows<{ expires_at: Date }>(
    sql`select expires_at from sessions order by created_at desc`,
  )
  for (const seconds of [refreshed.body.expires_in, refreshed.body.refresh_expires_in])
    assert.ok(seconds > 30 && seconds <= 40, `${seconds} s of a session that has 40 left`)
  for (const { access_token } of [first, refreshed.body]) {
    const { exp } = JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url').toString())
    assert.equal(exp, Math.floor(Number(sessionEnd[0]?.expires_at) / 1000))
  }
  await refresh(short, second)
  const late = sql`select t.id from refresh_tokens t join sessions s on s.id = t.session_id where t.expires_at > s.expires_at`
  assert.equal((await short.rows(late)).length, 0)
  short.advanceClock({ seconds: 40 })
  assert.equal((await me(short, first.access_token)).status, 401)
  assertRefused(await refresh(short, second), SESSION_EXPIRED)
})

test('the database stores a digest of the whole secret', async () => {
  const { refresh_token } = await logInNewUser(server)
  const bytes = Buffer.from(refresh_token, 'base64url')
  const secret = bytes.toString('base64url', 20, 48)
  const readDigest = async (token: Buffer) =>
    (
      await server.rows<{ token_digest: string }>(
        sql`select token_digest from refresh_tokens where token = ${token.toString('base64url', 0, 20)}`,
      )
    )[0]?.token_digest ?? ''
  assert.equal(await readDigest(bytes), createHash('sha256').update(secret).digest('base64url'))
  const pair = Buffer.from((await issuePair(server)).refresh_token, 'base64url')
  const pairSecret = pair.toString('base64url', 20, 48)
  assert.ok(bcrypt.compareSync(pairSecret, await readDigest(pair)))
  assert.ok(
    !bcrypt.compareSync(`${pairSecret.slice(0, -1)}${pairSecret.endsWith('A') ? 'B' : 'A'}`, await readDigest(pair)),
  )
})

test('once a client has used a successor, tokens rotate and the first token counts as reuse', async () => {
  const first = await logInNewUser(server)
  const second = issuedToken(await refresh(server, first.refresh_token))
  assert.equal(issuedToken(await refresh(server, first.refresh_token)), second)
  const third = issuedToken(await refresh(server, second))
  assertRefused(await refresh(server, first.refresh_token), REUSED)
  assertRefused(await refresh(server, third), REUSED)
})

test('with strict rotation the first token is used up by its first refresh', async () => {
  const first = await logInNewUser(strict)
  const second = issuedToken(await refresh(strict, first.refresh_token))
  strict.advanceClock({ seconds: 31 })
  assertRefused(await refresh(strict, first.refresh_token), REUSED)
  assertRefused(await refresh(strict, second), REUSED)
})

test('changing the rotation setting never alters an existing session', async () => {
  const adaptive = await startServer()
  const first = await logInNewUser(adaptive)
  await adaptive.close()
  const later = await startServer({ DATABASE_URL: adaptive.databaseUrl, REFRESH_TOKEN_ROTATION: 'strict' })
  const second = issuedToken(await refresh(later, first.refresh_token))
  later.advanceClock({ seconds: 3600 })
  assert.equal(issuedToken(await refresh(later, first.refresh_token)), second)
})

test('within the replay window a used token gets its one successor again, and nothing is written', async () => {
  const { refresh_token: first, user } = await logInNewUser(strict)
  const original = await refresh(strict, first)
  const rows = sql`select * from refresh_tokens where user_id = ${user.id} order by generation`
  const before = await strict.rows(rows)
  strict.advanceClock({ seconds: 29 })
  const repeated = await refresh(strict, first)
  assert.equal(issuedToken(repeated), issuedToken(original))
  assert.equal(decodeClaims(repeated.body.access_token)['jti'], decodeClaims(original.body.access_token)['jti'])
  assert.deepEqual(await strict.rows(rows), before)
})

test('after the replay window a used token ends its session and no other, audited and mailed once', async () => {
  const { user, ...first } = await logInNewUser(strict)
  const other = await logIn(strict, user.email)
  const { access_token, refresh_token: second } = (await refresh(strict, first.refresh_token)).body
  strict.advanceClock({ seconds: 30 })
  for (let again = 0; again < 3; again++) assertRefused(await refresh(strict, first.refresh_token), REUSED)
  assertRefused(await refresh(strict, second), REUSED)
  assert.equal((await me(strict, access_token)).status, 401)
  assert.equal((await me(strict, other.access_token)).status, 200)
  issuedToken(await refresh(strict, other.refresh_token))
  const audit = await strict.rows<{ session_id: string }>(
    sql`select session_id from audit_events where user_id = ${user.id} and kind = ${'refresh_token_reused'}`,
  )
  assert.equal(audit.length, 1)
  assert.equal(audit[0]?.session_id, decodeClaims(first.access_token)['sid'])
  const mails = await strict.rows<{ kind: string }>(sql`select kind from outbox where user_id = ${user.id}`)
  assert.deepEqual(
    mails.map((mail) => ({ ...mail })),
    [{ kind: 'refresh_token_reused' }],
  )
})

test('reuse is detected however old the token: after its row is pruned, after a restart and after the clean-up', async () => {
  const before = await startServer({ REFRESH_TOKEN_ROTATION: 'strict' })
  const { refresh_token: first } = await logInNewUser(before)
  let newest = first
  for (let n = 0; n < 5; n++) newest = issuedToken(await refresh(before, newest))
  await before.close()
  const restarted = await startServer({ DATABASE_URL: before.databaseUrl })
  restarted.advanceClock({ seconds: 86_400 })
  assert.equal((await cleanUp(restarted.ctx))['sessions'], 0)
  assertRefused(await refresh(restarted, first), REUSED)
  assertRefused(await refresh(restarted, newest), REUSED)
  const reasons = await restarted.rows<{ revoke_reason: string }>(sql`select revoke_reason from sessions`)
  assert.equal(reasons[0]?.revoke_reason, 'reuse')
})

test('with the same Idempotency-Key a refresh can be repeated a day later; with another it is reuse', async () => {
  const { refresh_token: first } = await logInNewUser(strict)
  const key = randomUUID()
  const original = await refresh(strict, first, key)
  strict.advanceClock({ seconds: 86_400 })
  const repeated = await refresh(strict, first, key)
  assert.equal(issuedToken(repeated), issuedToken(original))
  assert.equal(decodeClaims(repeated.body.access_token)['jti'], decodeClaims(original.body.access_token)['jti'])
  assertRefused(await refresh(strict, first, randomUUID()), REUSED)
  assertRefused(await refresh(strict, issuedToken(original)), REUSED)
})

test('a key that was already used for the previous generation does not help a thief who copied it', async () => {
  const { refresh_token: first } = await logInNewUser(strict)
  const key = 'the-same-key-for-ever'
  const second = issuedToken(await refresh(strict, first, key))
  const third = issuedToken(await refresh(strict, second, key))
  strict.advanceClock({ seconds: 31 })
  assertRefused(await refresh(strict, second, key), REUSED)
  assertRefused(await refresh(strict, third), REUSED)
})

test('a malformed Idempotency-Key is 400 and uses no token up', async () => {
  const { refresh_token: first, user } = await logInNewUser(strict)
  for (const key of ['short', 'x'.repeat(129), 'has a space in its middle', '']) {
    const answer = await refresh(strict, first, key)
    assert.equal(answer.status, 400)
    assert.equal(answer.body.error.details.code, 'invalid_idempotency_key')
  }
  const used = await strict.rows(sql`select id from refresh_tokens where user_id = ${user.id} and used_at is not null`)
  assert.equal(used.length, 0)
})

test('fifty concurrent refreshes with one token get the same successor', async () => {
  for (const target of [server, strict]) {
    const { refresh_token: first, user } = await logInNewUser(target)
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(target, first)))
    assert.equal(new Set(answers.map(issuedToken)).size, 1)
    const rows = await target.rows(sql`select id from refresh_tokens where user_id = ${user.id}`)
    assert.equal(rows.length, 2)
  }
})

test('a right selector with a wrong secret is refused a thousand times, and the session continues', async () => {
  const { refresh_token: first } = await logInNewUser(server)
  const guess = () => {
    const bytes = Buffer.from(first, 'base64url')
    randomBytes(44).copy(bytes, 20) // secret and MAC
    return bytes.toString('base64url')
  }
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(server, guess())))
    for (const answer of answers) assertRefused(answer)
    assertRefused(await logOut(server, guess()))
  }
  issuedToken(await refresh(server, first))
})

test('an altered token is refused, and the session continues', async () => {
  const { refresh_token: first } = await logInNewUser(server)
  for (let position = 0; position < 86; position++) {
    const character = first[position] === 'A' ? 'B' : 'A'
    assertRefused(await refresh(server, first.slice(0, position) + character + first.slice(position + 1)))
  }
  issuedToken(await refresh(server, first))
})

test('an idle token expires after seven days, and a session after thirty', async () => {
  const { refresh_token: first } = await logInNewUser(strict)
  let newest = first
  for (let day = 0; day < 30; day += 6) {
    newest = issuedToken(await refresh(strict, newest))
    strict.advanceClock({ seconds: 6 * 86_400 - 1 })
  }
  newest = issuedToken(await refresh(strict, newest))
  strict.advanceClock({ seconds: 10 })
  assertRefused(await refresh(strict, newest), SESSION_EXPIRED)

  const { refresh_token: idle } = await logInNewUser(strict)
  strict.advanceClock({ seconds: 604_801 })
  assertRefused(await refresh(strict, idle), EXPIRED)
})

test('a constant Idempotency-Key is honoured for the first generation only, however many follow', async () => {
  const key = 'the-same-key-for-ever'
  const results: number[] = []
  for (let generations = 1; generations <= 6; generations++) {
    let { refresh_token: token } = await logInNewUser(strict)
    let used = token
    for (let n = 0; n < generations; n++) [used, token] = [token, issuedToken(await refresh(strict, token, key))]
    strict.advanceClock({ seconds: 32 })
    results.push((await refresh(strict, used, key)).status)
    if (generations > 1) assert.equal((await refresh(strict, token)).status, 401, 'the session has ended')
  }
  assert.deepEqual(results, [200, 401, 401, 401, 401, 401])
})

test('after the clock was set back, a used token ends its session instead of being answered until it has caught up', {
  skip: onPostgres && 'the clock is the one of PostgreSQL',
}, async () => {
  const { refresh_token: first } = await logInNewUser(strict)
  issuedToken(await refresh(strict, first))
  strict.advanceClock({ seconds: -3600 })
  assertRefused(await refresh(strict, first), REUSED)
  strict.advanceClock({ seconds: 3600 })
})
