import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { endSession } from '../../src/auth/session/end-session.ts'
import { deleteUser } from '../../src/storage/account/users.ts'
import type { Database } from '../../src/storage/database/database.ts'
import { findChain, insertFirstToken } from '../../src/storage/session/refresh-tokens.ts'
import { insertOffer, renewOffer, rotateToken, rotateTokenIn } from '../../src/storage/session/rotate-token.ts'
import { revokeSession } from '../../src/storage/session/sessions.ts'
import { insertChain, later, now, token } from '../support/chains.ts'
import { migratedDatabase, onPostgres, recoveredErrors } from '../support/test-database.ts'

const rotateTo = (db: Database, session: { id: string; user_id: number }, generation: number) =>
  rotateToken(db, { attemptDigest: randomUUID(), ignoredKeyDigest: null, successor: token(session, generation), now })

async function generations(db: Database, session: { id: string }): Promise<string[]> {
  const tokens = (await findChain(db, session.id))?.tokens ?? []
  return tokens.map((row) => `${row.generation}${row.used_at ? ' used' : ''}`).sort()
}

test('a rotation uses up its token, inserts the successor and prunes: two rows are left however old the session', async () => {
  const db = await migratedDatabase()
  const session = await insertChain(db)
  for (let generation = 1; generation <= 20; generation++) assert.ok(await rotateTo(db, session, generation))
  assert.deepEqual(await generations(db, session), ['19 used', '20'])
})

test('of fifty concurrent rotations of one token, one succeeds', async () => {
  const db = await migratedDatabase()
  const session = await insertChain(db)
  const results = await Promise.all(Array.from({ length: 50 }, () => rotateTo(db, session, 1)))
  assert.equal(results.filter(Boolean).length, 1)
  assert.deepEqual(await generations(db, session), ['0 used', '1'])
})

test('no token rotates in an ended or expired session or for a disabled user', async () => {
  const db = await migratedDatabase()
  const ended = await insertChain(db)
  await db.transaction((tx) => revokeSession(tx, { id: ended.id, reason: 'logout', now }))
  const tokens = { attemptDigest: 'a', ignoredKeyDigest: null, now: later }
  const past = await insertChain(db)
  assert.equal(await rotateTo(db, ended, 1), false)
  assert.equal(await insertOffer(db, token(ended, 1), now), false)
  assert.equal(await rotateToken(db, { ...tokens, successor: token(past, 1) }), false)
  const disabled = await insertChain(db)
  await db.query(sql`update users set disabled_at = ${now} where id = ${disabled.user_id} returning id`)
  assert.equal(await rotateTo(db, disabled, 1), false)
  assert.equal(await insertOffer(db, token(disabled, 1), now), false)
  assert.deepEqual(await generations(db, disabled), ['0'])
  assert.deepEqual(await generations(db, ended), ['0'])
  assert.deepEqual(await generations(db, past), ['0'])
})

test('of fifty concurrent first offers one is made, and it can be renewed until it is used', async () => {
  const db = await migratedDatabase()
  const session = await insertChain(db)
  const offers = await Promise.all(Array.from({ length: 50 }, () => insertOffer(db, token(session, 1), now)))
  assert.equal(offers.filter(Boolean).length, 1)
  assert.deepEqual(await generations(db, session), ['0', '1'])
  const renewal = { session_id: session.id, user_id: session.user_id, jti: randomUUID(), expires_at: later }
  assert.equal(await renewOffer(db, renewal, now), true)
  assert.equal((await findChain(db, session.id))?.tokens.find((row) => row.generation === 1)?.jti, renewal.jti)
  assert.ok(await rotateTo(db, session, 2))
  assert.equal(await renewOffer(db, renewal, now), false)
  assert.equal(await insertOffer(db, token(session, 1), now), false)
  assert.deepEqual(await generations(db, session), ['1 used', '2'])
})

test('a first token that was used gets no further offer', async () => {
  const db = await migratedDatabase()
  const session = await insertChain(db)
  assert.ok(await rotateTo(db, session, 1))
  await db.query(sql`delete from refresh_tokens where generation = 1 returning id`)
  assert.equal(await insertOffer(db, token(session, 1), now), false)
})

test('an offer that waited while its token was pruned is not made', {
  skip: !onPostgres && 'SQLite has one writer',
}, async () => {
  const db = await migratedDatabase()
  const session = await insertChain(db)
  const locked = Promise.withResolvers<void>()
  const isWaiting = Promise.withResolvers<void>()
  const to = (generation: number) => ({
    attemptDigest: randomUUID(),
    ignoredKeyDigest: null,
    successor: token(session, generation),
    now,
  })
  const lockHolder = db.transaction(async (tx) => {
    await insertFirstToken(tx, token(session, 1), now)
    assert.ok(await rotateTokenIn(tx, to(2)))
    locked.resolve()
    await isWaiting.promise
    assert.ok(await rotateTokenIn(tx, to(3)))
  })
  await locked.promise
  const late = insertOffer(db, token(session, 1), now)
  const waiting = sql`select pid from pg_stat_activity where wait_event_type = ${'Lock'} and query like ${'%first.user_id%'}`
  while ((await db.query(waiting)).length === 0) await new Promise((resolve) => setImmediate(resolve))
  isWaiting.resolve()
  await lockHolder
  assert.equal(await late, false)
  assert.deepEqual(await generations(db, session), ['2 used', '3'])
})

test('ending a session by reuse while its user is deleted causes no deadlock', async () => {
  const db = await migratedDatabase()
  const origin = { ip: '::1', userAgent: null }
  for (let round = 0; round < 50; round++) {
    const { id, user_id } = await insertChain(db)
    const end = { session: { id, userId: user_id }, reason: 'reuse', generation: 0, origin, now } as const
    await Promise.all([
      db.transaction((tx) => deleteUser(tx, user_id, new Date())),
      endSession({ db }, end),
      endSession({ db }, end),
    ])
  }
  assert.deepEqual(recoveredErrors, [])
})

test('the first token racing its successor causes no deadlock, and the successor wins in the end', async () => {
  const db = await migratedDatabase()
  for (let round = 0; round < 100; round++) {
    const session = await insertChain(db)
    await insertOffer(db, token(session, 1), now)
    const renewal = { session_id: session.id, user_id: session.user_id, jti: randomUUID(), expires_at: later }
    const renewals = Array.from({ length: 6 }, () => renewOffer(db, renewal, now))
    const [rotated] = await Promise.all([rotateTo(db, session, 2), ...renewals])
    assert.equal(rotated, true)
    assert.deepEqual(await generations(db, session), ['1 used', '2'])
  }
  assert.deepEqual(recoveredErrors, [])
})

test('rotations racing the deletion of their user cause no deadlock and leave nothing', async () => {
  const db = await migratedDatabase()
  for (let round = 0; round < 50; round++) {
    const session = await insertChain(db)
    const rotations = Array.from({ length: 6 }, () => rotateTo(db, session, 1))
    const [deleted] = await Promise.all([
      db.transaction((tx) => deleteUser(tx, session.user_id, new Date())),
      ...rotations,
    ])
    assert.equal(deleted, true)
    assert.equal(await findChain(db, session.id), null)
  }
  assert.deepEqual(recoveredErrors, [])
})
