import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { changeRole } from '../../src/auth/account/change-role.ts'
import { deleteUser } from '../../src/auth/account/delete-user.ts'
import { disableUser, enableUser } from '../../src/auth/account/disable-user.ts'
import { setUserClaims } from '../../src/auth/claims/set-user-claims.ts'
import { changePassword } from '../../src/auth/password/change-password.ts'
import { endEverySession, endSessionsOfUser } from '../../src/auth/session/end-sessions.ts'
import { findUserById, type UserRow } from '../../src/storage/account/users.ts'
import { endingHash, postgresEndingHash } from '../../src/storage/revocation/ending-hash.ts'
import { REVOKE_REASONS, type RevokeReason } from '../../src/storage/session/revoke-reason.ts'
import { codeOf, linkOf, readMail } from '../support/mailbox.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { onPostgres } from '../support/test-database.ts'
import {
  decodeClaims,
  issuePair,
  logIn,
  logInNewUser,
  logOut,
  PASSWORD,
  refresh,
  type Tokens,
  type User,
} from '../support/users.ts'

const origin = { ip: null, userAgent: null }
type Login = Tokens & { user: User }

const server = await startServer({ REFRESH_TOKEN_ROTATION: 'strict', SESSIONS_PER_USER: '2' })

const sidOf = (tokens: Tokens) => String(decodeClaims(tokens.access_token)['sid'])

async function userOf({ user }: Login): Promise<UserRow> {
  const found = await findUserById(server.ctx.db, user.id)
  assert.ok(found)
  return found
}

interface Row {
  kind: string
  version: number
  at: Date
}

async function endingsOf(id: string): Promise<Row[]> {
  const rows = await server.rows<Row>(sql`
    select kind, version, at from endings where hash = ${endingHash(id)} order by id`)
  return rows.map((row) => ({ ...row }))
}

/** Every reason for which a session ends, each with a way in which it comes about. */
const ENDS: Record<RevokeReason, (login: Login, on: TestServer) => Promise<unknown>> = {
  logout: (login) => logOut(server, login.refresh_token),
  ended: ({ access_token: bearer }) => server.delete('/api/v1/auth/sessions?current=true', { bearer }),
  async displaced(login) {
    for (let more = 0; more < 2; more++) await logIn(server, login.user.email)
  },
  async reuse(login) {
    await refresh(server, login.refresh_token)
    server.advanceClock({ seconds: 31 })
    await refresh(server, login.refresh_token)
  },
  async rolled_back(login) {
    await server.rows(sql`update refresh_tokens set token_digest = ${'x'} where user_id = ${login.user.id}`)
    await refresh(server, login.refresh_token)
  },
  async password_changed(login) {
    await changePassword(server.ctx, { user: await userOf(login), password: 'another password', origin })
  },
  async password_reset({ user: { email } }) {
    await server.post('/api/v1/users/password/forgot', { email })
    const token = linkOf(await readMail(server, email, 'reset_password'))
    await server.post('/api/v1/users/password/reset', { token, password: 'another password' })
  },
  async email_undone({ access_token: bearer, user }) {
    const email = `${randomUUID()}@example.com`
    await server.post('/api/v1/users/email/change', { email, current_password: PASSWORD }, { bearer })
    const code = codeOf(await readMail(server, email, 'confirm_email'))
    await server.post('/api/v1/users/email/confirm', { code }, { bearer })
    await server.post('/api/v1/users/email/undo', {
      token: linkOf(await readMail(server, user.email, 'email_changed')),
    })
  },
  async disowned({ access_token: bearer, user }) {
    const change = { current_password: PASSWORD, password: 'another password' }
    await server.post('/api/v1/users/password', change, { bearer })
    await server.post('/api/v1/auth/not_me', { token: linkOf(await readMail(server, user.email, 'password_changed')) })
  },
  async disabled(login) {
    await disableUser(server.ctx, { user: await userOf(login), origin })
  },
  operator: ({ user }) => endSessionsOfUser(server.ctx, { userId: user.id, origin }),
}

for (const reason of REVOKE_REASONS)
  test(`a session that ends with the reason "${reason}" has one entry, of the time of its end`, async () => {
    const login = await logInNewUser(server)
    await ENDS[reason](login, server)
    const [session] = await server.rows<{ revoke_reason: string; revoked_at: Date }>(
      sql`select revoke_reason, revoked_at from sessions where id = ${sidOf(login)}`,
    )
    assert.equal(session?.revoke_reason, reason)
    assert.deepEqual(await endingsOf(sidOf(login)), [{ kind: 'session', version: 0, at: session?.revoked_at }])
  })

test('the end of all sessions has one entry, a bound that their ids are below and those of later sessions are not', async () => {
  const login = await logInNewUser(server)
  await endEverySession(server.ctx, { origin })
  server.advanceClock({ seconds: 1 })
  const later = await logIn(server, login.user.email)
  const bounds = await server.rows<{ hash: string }>(sql`select hash from endings where kind = 'epoch'`)
  assert.equal(bounds.length, 1)
  const bound = bounds[0]?.hash ?? ''
  assert.ok(sidOf(login) < bound && bound < sidOf(later), bound)
  assert.match(bound, /^[\da-f]{8}-[\da-f]{4}-7000-8000-0{12}$/)
})

test('a refused logout and a refused reuse leave no second entry', async () => {
  const login = await logInNewUser(server)
  await Promise.all(Array.from({ length: 8 }, () => logOut(server, login.refresh_token)))
  await refresh(server, login.refresh_token)
  assert.equal((await endingsOf(sidOf(login))).length, 1)
})

test('a disabled user has an entry for tokens of before, and tokens of after are good', async () => {
  const login = await logInNewUser(server)
  await disableUser(server.ctx, { user: await userOf(login), origin })
  await disableUser(server.ctx, { user: await userOf(login), origin })
  const found = (await endingsOf(login.user.guid)).map(({ kind, version }) => [kind, version])
  assert.deepEqual([decodeClaims(login.access_token)['ver'], found], [0, [['subject', 1]]])
  await enableUser(server.ctx, { user: await userOf(login), origin })
  assert.equal((await endingsOf(login.user.guid)).length, 1)
  const pair = await issuePair(server, login.user.guid)
  const again = await logIn(server, login.user.email)
  for (const { access_token } of [again, pair]) assert.equal(decodeClaims(access_token)['ver'], 1)
})

test('a changed role makes earlier tokens void and ends no session: the next refresh has the new version', async () => {
  const login = await logInNewUser(server)
  for (const role of ['admin', 'user'] as const)
    await changeRole(server.ctx, { user: await userOf(login), role, origin })
  const found = (await endingsOf(login.user.guid)).map(({ kind, version }) => [kind, version])
  assert.deepEqual(found, [
    ['subject', 1],
    ['subject', 2],
  ])
  assert.deepEqual(await endingsOf(sidOf(login)), [])
  const answer = await refresh(server, login.refresh_token)
  assert.deepEqual([answer.status, decodeClaims(answer.body.access_token)['ver']], [200, 2])
})

test('changed claims make earlier tokens void, and the same claims again do not', async () => {
  const login = await logInNewUser(server)
  for (let again = 0; again < 2; again++)
    await setUserClaims(server.ctx, { user: await userOf(login), claims: { plan: 'gold' }, origin })
  const found = (await endingsOf(login.user.guid)).map(({ kind, version }) => [kind, version])
  assert.deepEqual(found, [['subject', 1]])
  assert.equal(decodeClaims((await refresh(server, login.refresh_token)).body.access_token)['ver'], 1)
})

test('a deleted user has one entry that no token is good after, and their sessions have none', async () => {
  const login = await logInNewUser(server)
  await deleteUser(server.ctx, { user: await userOf(login), origin })
  const [entry, ...others] = await endingsOf(login.user.guid)
  assert.deepEqual([entry?.kind, others.length], ['subject', 0])
  assert.ok((entry?.version ?? 0) > 1_000_000_000)
  assert.deepEqual(await endingsOf(sidOf(login)), [])
})

test('a change of a name or an address, a login and a refresh have no entry', async () => {
  const before = await server.rows(sql`select id from endings`)
  const login = await logInNewUser(server)
  await refresh(server, login.refresh_token)
  assert.deepEqual(await server.rows(sql`select id from endings`), before)
})

test('PostgreSQL computes the hash of an id as the server does', {
  skip: !onPostgres && 'needs PostgreSQL',
}, async () => {
  for (const id of [randomUUID(), '', 'ä€😀']) {
    const [row] = await server.rows<{ hash: string }>(sql`select ${postgresEndingHash(sql`${id}::text`)} as hash`)
    assert.equal(row?.hash, endingHash(id))
    assert.match(endingHash(id), /^[\w-]{22}$/)
  }
})

test('no statement but the one that records it ends a session or makes tokens void', () => {
  const source = join(import.meta.dirname, '../../src')
  const writers = (pattern: RegExp) =>
    globSync('**/*.ts', { cwd: source }).filter((file) => pattern.test(readFileSync(join(source, file), 'utf8')))
  assert.deepEqual(writers(/set[^`]*\b(revoked_at|revoke_reason) = /s), ['storage/session/end-sessions.ts'])
  for (const [pattern, file] of [
    [/delete from users|token_version = /, 'storage/account/users.ts'],
    [/refused_at = \$/, 'storage/keys/change-signing-key.ts'],
    [/insert into endings/, 'storage/revocation/record-endings.ts'],
    [/set value = cast\(cast\(value/, 'storage/session/session-epoch.ts'],
  ] as const)
    assert.deepEqual(writers(pattern), [file])
})
