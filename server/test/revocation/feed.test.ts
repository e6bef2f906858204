import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { decodeProtectedHeader } from 'jose'
import sql, { join } from 'sql-template-tag'
import { changeRole } from '../../src/auth/account/change-role.ts'
import { deleteUser } from '../../src/auth/account/delete-user.ts'
import { disableUser } from '../../src/auth/account/disable-user.ts'
import { endEverySession } from '../../src/auth/session/end-sessions.ts'
import { findUserById } from '../../src/storage/account/users.ts'
import { endingHash } from '../../src/storage/revocation/ending-hash.ts'
import { startReplicas } from '../support/keys.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { decodeClaims, issuePair, logIn, logInNewUser, logOut, type User } from '../support/users.ts'
import { FEED, hashesOf, readFeed, readNow, SERVICE, SERVICE_KEYS, sidHash } from './feed.ts'

const origin = { ip: null, userAgent: null }

async function found({ ctx }: TestServer, { id }: User) {
  const user = await findUserById(ctx.db, id)
  assert.ok(user)
  return user
}

/** Writes endings as if others had made them. */
async function insertEndings(server: TestServer, count: number, at = server.ctx.now()) {
  const hashes = Array.from({ length: count }, () => endingHash(randomUUID()))
  for (let start = 0; start < count; start += 1000) {
    const rows = hashes.slice(start, start + 1000).map((hash) => sql`(${hash}, ${at}, 'session', 0)`)
    await server.rows(sql`insert into endings (hash, at, kind, version) values ${join(rows)} returning id`)
  }
  return hashes
}

test('a logout is listed with its time, a pair too, and a reader with the newest cursor is told nothing twice', async () => {
  const server = await startServer()
  const first = await readNow(server)
  assert.deepEqual([first.reset, first.more, first.lifetime, first.sessions_before], [true, false, 900, null])
  const [login, pair] = [await logInNewUser(server), await issuePair(server)]
  for (const { refresh_token } of [login, pair]) await logOut(server, refresh_token)
  const next = await readNow(server, `?after=${first.cursor}`)
  assert.deepEqual(hashesOf(next).sort(), [sidHash(login), sidHash(pair)].sort())
  assert.ok(Math.abs((next.sessions[0]?.[1] ?? 0) - Date.now() / 1000) < 60)
  assert.deepEqual([next.reset, next.subjects, next.keys], [false, [], []])
  assert.deepEqual(hashesOf(await readNow(server, `?after=${next.cursor}`)), [])
  assert.deepEqual(hashesOf(await readNow(server)), hashesOf(next), 'without a cursor, everything')
})

test('a deleted, a disabled and a demoted user are listed with the least version that is still good', async () => {
  const server = await startServer()
  const [gone, disabled, demoted] = [
    await logInNewUser(server),
    await logInNewUser(server),
    await logInNewUser(server),
  ] as const
  await deleteUser(server.ctx, { user: await found(server, gone.user), origin })
  await disableUser(server.ctx, { user: await found(server, disabled.user), origin })
  await changeRole(server.ctx, { user: await found(server, demoted.user), role: 'admin', origin })
  const list = await readNow(server)
  const least = new Map(list.subjects)
  assert.ok((least.get(endingHash(gone.user.guid)) ?? 0) > 1_000_000_000)
  assert.equal(least.get(endingHash(disabled.user.guid)), 1)
  assert.equal(least.get(endingHash(demoted.user.guid)), 1)
  assert.deepEqual(hashesOf(list), [sidHash(disabled)], 'a demotion ends no session, a deletion needs none')
  const { access_token } = await logIn(server, demoted.user.email)
  assert.equal(decodeClaims(access_token)['ver'], 1)
})

test('the end of all sessions is one bound in each answer, and no list of sessions', async () => {
  const server = await startServer()
  const login = await logInNewUser(server)
  await endEverySession(server.ctx, { origin })
  const list = await readNow(server)
  assert.deepEqual(list.sessions, [])
  assert.ok(String(decodeClaims(login.access_token)['sid']) < (list.sessions_before ?? ''))
  assert.equal((await readNow(server, `?after=${list.cursor}`)).sessions_before, list.sessions_before)
})

test('an answer has a JSON body where the secret signs, and is a JWS of its own type where a key pair does', async () => {
  const plain = await startServer()
  assert.match((await plain.get(FEED)).headers.get('content-type') ?? '', /^application\/json/)
  for (const JWT_ALGORITHM of ['ES256', 'EdDSA', 'RS256']) {
    const server = await startServer({ JWT_ALGORITHM })
    const login = await logInNewUser(server)
    await logOut(server, login.refresh_token)
    assert.deepEqual(hashesOf(await readNow(server)), [sidHash(login)])
    const { text } = await server.get(FEED)
    assert.equal(decodeProtectedHeader(text).typ, 'revocations+jwt')
    assert.equal((await server.get('/api/v1/auth/me', { bearer: text })).status, 401)
  }
})

test('an answer is made once for all who ask, kept for ten seconds, and may be kept by caches for one', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256', SERVICE_KEYS })
  await server.readEndings()
  const [one, ...others] = await Promise.all(Array.from({ length: 20 }, () => server.get(FEED)))
  assert.ok(one)
  for (const { text } of others) assert.equal(text, one.text, 'a second signature would differ')
  assert.equal(one.headers.get('cache-control'), 'public, max-age=1')
  const etag = one.headers.get('etag') ?? ''
  const again = await server.get(FEED, { headers: { 'if-none-match': etag } })
  assert.deepEqual([again.status, again.text], [304, ''])
  server.advanceClock({ seconds: 10 })
  await server.readEndings()
  const later = await server.get(FEED)
  assert.notEqual(later.text, one.text)
  assert.match((await server.get(FEED, SERVICE)).headers.get('cache-control') ?? '', /private/)
})

test('five thousand entries are an answer at most: the rest follows with its cursor, each once', async () => {
  const server = await startServer()
  const hashes = await insertEndings(server, 11_500)
  await server.readEndings()
  const seen: string[] = []
  let list = await readFeed(server)
  const sizes = [list.sessions.length]
  seen.push(...hashesOf(list))
  while (list.more) {
    list = await readFeed(server, `?after=${list.cursor}`)
    sizes.push(list.sessions.length)
    seen.push(...hashesOf(list))
  }
  assert.ok(sizes.length >= 3 && sizes.every((size) => size <= 5000), String(sizes))
  assert.deepEqual(seen.sort(), hashes.sort())
})

test('a reader that changes the replica in the middle of a long list misses nothing of it', async () => {
  const { servers } = await startReplicas(1, {})
  const [one] = servers
  const hashes = await insertEndings(one, 6000)
  const other = await startServer({ DATABASE_URL: one.databaseUrl })
  await one.readEndings()
  const first = await readFeed(one)
  assert.ok(first.more)
  const seen = new Set(hashesOf(first))
  let list = await readFeed(other, `?after=${first.cursor}`)
  for (const hash of hashesOf(list)) seen.add(hash)
  while (list.more) {
    list = await readFeed(other, `?after=${list.cursor}`)
    for (const hash of hashesOf(list)) seen.add(hash)
  }
  assert.equal(seen.size, hashes.length)
})

test('a row that is committed late is listed, within a second or, after half a minute, with the next whole reading', async () => {
  const { clock, servers } = await startReplicas(2, {})
  const [one, other] = servers as [TestServer, TestServer]
  const before = await readNow(one)
  await readNow(other)
  const now = one.ctx.now().getTime()
  const [young = ''] = await insertEndings(one, 1, new Date(now - 20_000))
  const next = await readNow(one, `?after=${before.cursor}`)
  assert.deepEqual(hashesOf(next), [young])
  const [old = ''] = await insertEndings(one, 1, new Date(now - 200_000))
  assert.deepEqual(hashesOf(await readNow(one, `?after=${next.cursor}`)), [])
  clock.advance(30)
  await other.readEndings()
  assert.deepEqual(hashesOf(await readNow(one, `?after=${next.cursor}`)), [old])
  assert.ok(hashesOf(await readFeed(other, `?after=${next.cursor}`)).includes(old), 'another replica has it, too')
})

test('what ended longer ago than a token lives is no longer listed, and its row is deleted', async () => {
  const server = await startServer()
  const login = await logInNewUser(server)
  await logOut(server, login.refresh_token)
  const listed = await readNow(server)
  server.advanceClock({ seconds: 900 })
  assert.deepEqual(hashesOf(await readNow(server)), [sidHash(login)])
  server.advanceClock({ seconds: 90 })
  assert.deepEqual(hashesOf(await readNow(server)), [])
  assert.equal((await readNow(server, `?after=${listed.cursor}`)).reset, true)
})

test('a lifetime that was lowered counts for as long as its tokens live, across restarts', async () => {
  const first = await startServer({ JWT_ACCESS_TOKEN_EXPIRATION: '7200' })
  const login = await logInNewUser(first)
  await logOut(first, login.refresh_token)
  await first.close()
  const server = await startServer({ DATABASE_URL: first.databaseUrl })
  server.advanceClock({ seconds: 3600 })
  const list = await readNow(server)
  assert.deepEqual([list.lifetime, hashesOf(list)], [7200, [sidHash(login)]])
  server.advanceClock({ seconds: 5000 })
  assert.deepEqual([(await readNow(server)).lifetime, hashesOf(await readNow(server))], [900, []])
})

test('a cursor that no replica wrote, or of another time, begins anew', async () => {
  const { clock, servers } = await startReplicas(1, {})
  const [server] = servers
  const login = await logInNewUser(server)
  await logOut(server, login.refresh_token)
  const { cursor } = await readNow(server)
  const [replica = '', sequence = '', time = ''] = cursor.split('.')
  const hostile = [
    ...['', 'x', '..', '0.0.0', `${replica}.${sequence}`, `${cursor}.1`, `${cursor}0`, `${replica}.-1.${time}`],
    ...[`${replica}.9999.${time}`, `${replica}.${sequence}.${Number(time) + 60_000}`, `${replica}.${sequence}.0`],
    ...['%00', '%zz', `${replica}.1e3.${time}`, 'a'.repeat(5000), `${cursor}&after=${cursor}`, `${cursor}&after[]=x`],
  ]
  for (const after of hostile) {
    const answer = await server.get(`${FEED}?after=${after}`)
    if (answer.status === 414 || answer.status === 400) continue
    const isKnown = after.endsWith('after[]=x')
    assert.deepEqual([answer.status, answer.body?.reset], [200, !isKnown], after)
    if (!isKnown) assert.deepEqual(hashesOf(answer.body), [sidHash(login)])
  }
  clock.advance(1000)
  assert.equal((await readNow(server, `?after=${cursor}`)).reset, true, 'too old')
})

test('after a restart a reader is told again what was seen a minute before, and what it has missed', async () => {
  const first = await startServer()
  const [before, meanwhile] = [await logInNewUser(first), await logInNewUser(first)]
  await logOut(first, before.refresh_token)
  const { cursor } = await readNow(first)
  await logOut(first, meanwhile.refresh_token)
  await first.close()
  const server = await startServer({ DATABASE_URL: first.databaseUrl })
  const list = await readFeed(server, `?after=${cursor}`)
  assert.equal(list.reset, false)
  assert.ok(hashesOf(list).includes(sidHash(meanwhile)))
})

test('what one replica saw before another is told to a reader who comes from the other', async () => {
  const { clock, servers } = await startReplicas(1, {})
  const [one] = servers
  await insertEndings(one, 1)
  await one.readEndings()
  clock.advance(15)
  const other = await startServer({ DATABASE_URL: one.databaseUrl }, {}, clock.now)
  await other.readEndings()
  const [late = ''] = await insertEndings(one, 1, new Date(clock.now() - 200_000))
  clock.advance(20)
  await one.readEndings() // whole, while the other's last whole reading is too young for another
  clock.advance(1)
  const known = await readNow(other)
  assert.ok([...hashesOf(known), ...hashesOf(await readFeed(one, `?after=${known.cursor}`))].includes(late))
})
