import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql, { raw } from 'sql-template-tag'
import { endEverySession } from '../../src/auth/session/end-sessions.ts'
import { codeOf, linkOf, readMail, readMails } from '../support/mailbox.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { onPostgres } from '../support/test-database.ts'
import { logIn, logInNewUser, PASSWORD } from '../support/users.ts'

const FORGOT = '/api/v1/users/password/forgot'
const RESET = '/api/v1/users/password/reset'
const BEGIN = '/api/v1/auth/login/email'
const NEW_PASSWORD = 'a quite different one'

/** Every row of every table, as one text. */
async function dump(server: TestServer): Promise<string> {
  const tables = await server.rows<{ name: string }>(
    onPostgres
      ? sql`select table_name as name from information_schema.tables where table_schema = current_schema()`
      : sql`select name from sqlite_master where type = ${'table'}`,
  )
  const rows = await Promise.all(tables.map(({ name }) => server.rows(sql`select * from ${raw(`"${name}"`)}`)))
  assert.ok(tables.length > 5)
  return JSON.stringify(rows)
}

test('no table and no log has a link, a code, a login token or a password', async () => {
  const server = await startServer({ EMAIL_LOGIN: 'on', LOG_LEVEL: 'trace' })
  const hidden = await startServer({
    HIDE_ACCOUNT_EXISTENCE: 'on',
    LOG_LEVEL: 'trace',
    DATABASE_URL: server.databaseUrl,
  })
  const { user, access_token: bearer } = await logInNewUser(server)
  const other = `${randomUUID()}@example.com`
  const tokens = [
    (await server.post(BEGIN, { email: user.email })).body.login_token,
    (
      await hidden.post('/api/v1/users/sign_up', {
        user: { email: `${randomUUID()}@example.com`, password: NEW_PASSWORD },
      })
    ).body.login_token,
  ]
  await server.post(FORGOT, { email: user.email })
  await server.post('/api/v1/users/email/verification', {}, { bearer })
  await server.post('/api/v1/users/email/change', { email: other }, { bearer })
  const login = await readMail(server, user.email, 'login_code')
  const proof = await readMail(server, user.email, 'verify_email')
  const confirm = await readMail(server, other, 'confirm_email')
  const reset = linkOf(await readMail(server, user.email, 'reset_password'))
  const secrets = [...tokens, codeOf(login), codeOf(proof), linkOf(proof), codeOf(confirm), linkOf(confirm), reset]
  const search = async () => {
    const everything = [await dump(server), JSON.stringify(server.logs), JSON.stringify(hidden.logs)].join('\n')
    for (const secret of [...secrets, ...secrets.map((text) => text.replace('-', '')), PASSWORD, NEW_PASSWORD])
      assert.ok(!everything.includes(secret), secret)
  }
  await search()
  await server.post('/api/v1/users/email/verify', { code: codeOf(proof) }, { bearer })
  await server.post('/api/v1/auth/login/verify', { login_token: tokens[0], code: codeOf(login) })
  assert.equal((await server.post(RESET, { token: reset, password: NEW_PASSWORD })).status, 204)
  await search()
})

test('a link is good while the key that made it is in the ring, and not after', async () => {
  const [old, next] = [
    'the refresh key of yesterday which is long enough',
    'the refresh key of today which is long enough',
  ]
  const server = await startServer({ REFRESH_SECRET_KEY: old })
  const { user } = await logInNewUser(server)
  await server.post(FORGOT, { email: user.email })
  const token = linkOf(await readMail(server, user.email, 'reset_password'))
  const DATABASE_URL = server.databaseUrl
  const without = await startServer({ DATABASE_URL, REFRESH_SECRET_KEY: next })
  assert.equal((await without.post(RESET, { token, password: NEW_PASSWORD })).status, 422)
  const rotated = await startServer({ DATABASE_URL, REFRESH_SECRET_KEY: next, REFRESH_PREVIOUS_SECRET_KEYS: old })
  assert.equal((await rotated.post(RESET, { token, password: NEW_PASSWORD })).status, 204)
})

test('the end of every session ends every link, also one whose mail is not written yet', async () => {
  const server = await startServer({ EMAIL_LOGIN: 'on' })
  const { user } = await logInNewUser(server)
  await server.post(FORGOT, { email: user.email })
  const token = linkOf(await readMail(server, user.email, 'reset_password'))
  const { login_token } = (await server.post(BEGIN, { email: user.email })).body
  await endEverySession(server.ctx, { origin: { ip: null, userAgent: null } })
  assert.equal((await server.post(RESET, { token, password: NEW_PASSWORD })).status, 422)
  assert.ok((await readMails(server, user.email)).every(({ kind }) => kind !== 'login_code'))
  const answer = await server.post('/api/v1/auth/login/verify', { login_token, code: 'AAAA-AAAA' })
  assert.deepEqual(answer.body.error.details, { code: 'login_expired' })
})

test('no session survives logins with the old password that race a reset', async () => {
  const server = await startServer()
  const { user } = await logInNewUser(server)
  let password = PASSWORD
  for (let round = 0; round < 20; round++) {
    await server.post(FORGOT, { email: user.email })
    const token = linkOf(await readMail(server, user.email, 'reset_password'))
    const next = `${NEW_PASSWORD} ${round}`
    const logins = Array.from({ length: 10 }, () => server.post('/api/v1/auth/login', { email: user.email, password }))
    const [reset, ...answers] = await Promise.all([server.post(RESET, { token, password: next }), ...logins])
    assert.equal(reset.status, 204)
    for (const { status } of answers) assert.ok([200, 401].includes(status))
    const alive = await server.rows(sql`select id from sessions where revoked_at is null`)
    assert.deepEqual(alive, [])
    password = next
  }
  await logIn(server, user.email, password)
})
