import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer, type TestServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { logIn, logInNewUser, signUp } from '../support/users.ts'

/** The kinds of the events that `tessera audit --user` finds, newest first. */
async function kinds(server: TestServer, user: string, settings: Record<string, string> = {}): Promise<string[]> {
  const { code, output } = await tesseraCli(server, settings)(`audit --user ${user} --json`)
  assert.equal(code, 0, output)
  return parseJsonLines(output).map(({ kind }) => kind)
}

test('the audit finds a deleted user by the address, which is nowhere in the database', async () => {
  const server = await startServer()
  const { user, access_token } = await logInNewUser(server)
  const bob = await signUp(server)
  await server.delete(`/api/v1/users/${user.id}`, { bearer: access_token })
  await tesseraCli(server)(`users delete ${bob.id} --yes`)
  assert.deepEqual(await kinds(server, user.email.toUpperCase()), [
    'user_deleted',
    'login_succeeded',
    'user_registered',
  ])
  assert.deepEqual(await kinds(server, bob.email), ['user_deleted', 'user_registered'])
  const rows = await server.rows(sql`select * from audit_events`)
  for (const email of [user.email, bob.email]) assert.ok(!JSON.stringify(rows).includes(email))
  const digests = await server.rows<{ email_digest: string }>(
    sql`select email_digest from audit_events where email_digest is not null`,
  )
  assert.equal(new Set(digests.map((row) => row.email_digest)).size, 2)
  const { output } = await tesseraCli(server)('audit --json')
  for (const { email_digest } of digests) assert.ok(!output.includes(email_digest), 'digests are not printed')
})

test('a deleted user is found after a change of keys while the old key is listed, and not without it', async () => {
  const former = { JWT_SECRET_KEY: 'the-former-secret' }
  const server = await startServer(former)
  const { id, email } = await signUp(server)
  await tesseraCli(server, former)(`users delete ${id} --yes`)
  const rings: Record<string, string>[] = [
    { JWT_SECRET_KEY: 'new', JWT_PREVIOUS_SECRET_KEYS: 'third,the-former-secret' },
    { JWT_SECRET_KEY: 'new', REFRESH_SECRET_KEY: 'root', REFRESH_PREVIOUS_SECRET_KEYS: 'the-former-secret' },
    { JWT_SECRET_KEY: 'the-former-secret', REFRESH_SECRET_KEY: 'root' },
  ]
  for (const ring of rings) assert.deepEqual(await kinds(server, email, ring), ['user_deleted', 'user_registered'])
  const stranger = await tesseraCli(server, { JWT_SECRET_KEY: 'new' })(`audit --user ${email}`)
  assert.match(stranger.output, /^tessera: No user has, or had, the GUID or email address "/)
})

test('an address that a user gave up, and another user has now, finds both', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const first = await signUp(server)
  await tessera(`users update ${first.id} --email moved@example.com`)
  assert.deepEqual(await kinds(server, first.email), ['user_updated', 'user_registered'])
  const second = await signUp(server, first.email)
  await logIn(server, second.email)
  await tessera(`users delete ${first.id} --yes`)
  assert.deepEqual(await kinds(server, second.email), [
    'user_deleted',
    'login_succeeded',
    'user_registered',
    'user_updated',
    'user_registered',
  ])
  assert.deepEqual(await kinds(server, 'moved@example.com'), ['user_deleted', 'user_updated', 'user_registered'])
})

test('a command without the keys of the server deletes, and says how the audit finds the user', async () => {
  const server = await startServer()
  const { id, email } = await signUp(server)
  const tessera = tesseraCli(server, { JWT_SECRET_KEY: '', NODE_ENV: 'production' })
  const { code, output } = await tessera(`users delete ${id} --yes`)
  assert.deepEqual([code, output.includes(`by the id ${id} only`)], [0, true])
  assert.match(
    (await tessera(`audit --user ${email}`)).output,
    /Without the keys of the server .* by their ids only\.\n$/,
  )
  assert.equal((await tessera(`audit --user ${id}`)).code, 0)
})
