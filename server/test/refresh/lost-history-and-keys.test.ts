import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { type Answer, startServer } from '../support/server.ts'
import { logInNewUser, me, refresh, sessionEnded } from '../support/users.ts'

function assertRefused(answer: Answer, body: object = sessionEnded('rolled_back')) {
  assert.equal(answer.status, 401)
  assert.deepEqual(answer.body, body)
}

function issuedToken(answer: Answer): string {
  assert.equal(answer.status, 200, answer.text)
  return answer.body.refresh_token
}

const strict = await startServer({ REFRESH_TOKEN_ROTATION: 'strict' })

test('a genuine token that does not match its digest ends its session: the database has lost history', async () => {
  const { refresh_token: first, user } = await logInNewUser(strict)
  await strict.rows(
    sql`update refresh_tokens set token_digest = ${'overwritten'} where user_id = ${user.id} returning id`,
  )
  for (const answer of await Promise.all(Array.from({ length: 50 }, () => refresh(strict, first))))
    assertRefused(answer)
  const sessions = await strict.rows<{ revoke_reason: string }>(
    sql`select revoke_reason from sessions where user_id = ${user.id}`,
  )
  assert.deepEqual(
    sessions.map((session) => session.revoke_reason),
    ['rolled_back'],
  )
})

test('a token that is newer than the restored backup ends its session: the database has lost history', async () => {
  const { refresh_token: first, user } = await logInNewUser(strict)
  const second = issuedToken(await refresh(strict, first))
  const third = issuedToken(await refresh(strict, second))
  await strict.rows(sql`delete from refresh_tokens where user_id = ${user.id} and generation = 2 returning id`)
  assertRefused(await refresh(strict, third))
  const rows = await strict.rows<{ revoke_reason: string }>(
    sql`select revoke_reason from sessions where user_id = ${user.id}`,
  )
  assert.equal(rows[0]?.revoke_reason, 'rolled_back')
  const audit = await strict.rows(
    sql`select id from audit_events where user_id = ${user.id} and kind = ${'history_lost'}`,
  )
  assert.equal(audit.length, 1)
  assert.equal((await strict.rows(sql`select id from outbox where user_id = ${user.id}`)).length, 0)
  assert.ok(strict.logs.some((line) => line['level'] === 50 && line['generation'] === 2))
})

test('tokens and repeats from before still work through the three steps of a secret change', async () => {
  const key = randomUUID()
  const [before, after] = ['a'.repeat(70), 'b'.repeat(70)]
  const old = await startServer({ JWT_SECRET_KEY: before, REFRESH_TOKEN_ROTATION: 'strict' })
  const first = await logInNewUser(old)
  const original = await refresh(old, first.refresh_token, key)
  await old.close()
  const settings = { DATABASE_URL: old.databaseUrl, REFRESH_TOKEN_ROTATION: 'strict' }
  const swapped = await startServer({ ...settings, JWT_SECRET_KEY: after, JWT_PREVIOUS_SECRET_KEYS: before })
  assert.equal((await me(swapped, first.access_token)).status, 200)
  assert.equal(issuedToken(await refresh(swapped, first.refresh_token, key)), issuedToken(original))
  const next = await refresh(swapped, issuedToken(original))
  await swapped.close()
  const removed = await startServer({ ...settings, JWT_SECRET_KEY: after })
  assert.equal((await me(removed, first.access_token)).status, 401)
  assert.equal((await me(removed, next.body.access_token)).status, 200)
  issuedToken(await refresh(removed, issuedToken(next)))
})

test('a repeat that no key of the key ring can derive is refused and logged, and its session continues', async () => {
  const settings = { JWT_SECRET_KEY: 'a'.repeat(70), REFRESH_TOKEN_ROTATION: 'strict' }
  const server = await startServer(settings)
  const { refresh_token: first } = await logInNewUser(server)
  const second = issuedToken(await refresh(server, first))
  await server.rows(sql`update refresh_tokens set salt = ${'AAAAAAAAAAAAAAAAAAAAAA'} where generation = 1 returning id`)
  assertRefused(await refresh(server, first), { error: { message: 'Invalid refresh token', details: {} } })
  assert.ok(server.logs.some((line) => line['level'] === 50))
  issuedToken(await refresh(server, second))
})
