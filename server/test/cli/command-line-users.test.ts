import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { disableUser } from '../../src/auth/account/disable-user.ts'
import { endSessionsOfUser } from '../../src/auth/session/end-sessions.ts'
import { lockUserForPair } from '../../src/storage/account/user-locks.ts'
import { insertSession } from '../../src/storage/session/new-session.ts'
import { parseIpRanges } from '../../src/text/ip-address.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { onPostgres } from '../support/test-database.ts'
import { logIn, logInNewUser, me, PASSWORD, refresh, signUp } from '../support/users.ts'

test('a user created at the command line can log in to the running server; the test user of the contracts is one line', async () => {
  const server = await startServer({}, { demoFrom: parseIpRanges(['0.0.0.0/0', '::/0']) })
  const tessera = tesseraCli(server)
  const guid = '6e1a2a9c-7f0b-4f3f-9d0a-0d9c4c1f2b3a'
  const line = `users create boss@example.com --role admin --first-name Ann --last-name Lee --guid ${guid} --json`
  const { code, output } = await tessera(line, 'password123\n')
  assert.equal(code, 0, output)
  const [created] = parseJsonLines(output)
  assert.equal(created.guid, guid)
  assert.ok(!output.includes('$2b$'), 'no digest')
  for (const shown of ['users list --json', 'users show boss@example.com --json', 'users show boss@example.com']) {
    assert.ok(!(await tessera(shown)).output.includes('$2b$'), shown)
  }
  const { access_token } = await logIn(server, 'boss@example.com', 'password123')
  const { user } = (await me(server, access_token)).body
  assert.deepEqual([user.role, user.first_name, user.last_name], ['admin', 'Ann', 'Lee'])
  const again = await tessera(line, 'password123\n')
  assert.deepEqual(again, { code: 1, output: 'tessera: Email has already been taken.\n' })
  const [plain] = parseJsonLines((await tessera('users create plain@example.com --no-password --json')).output)
  assert.deepEqual([plain.role, plain.locale], ['user', 'en'])
  const spaced = await tessera('users create spaced@example.com', ' pass word \r\n')
  assert.equal(spaced.code, 0, spaced.output)
  await logIn(server, 'spaced@example.com', ' pass word ')
})

test('an invalid new user is refused in one line, and nothing is written', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const cases: [string, string, RegExp][] = [
    ['users create nonsense', 'password123', /^tessera: Email is invalid\.\n$/],
    ['users create a@example.com', 'short', /^tessera: Password is too short \(minimum is 8 characters\)\.\n$/],
    ['users create a@example.com', '', /^tessera: Standard input has no password: .*\n$/],
    ['users create a@example.com', 'password1\npassword2\n', /^tessera: Standard input has more than one line: .*\n$/],
    ['users create a@example.com --no-password --last-name \u001bLee', '', /^tessera: Last name is invalid\.\n$/],
    ['users create a@example.com --guid 12 --no-password', '', /^tessera: GUID is invalid\.\n$/],
    [
      'users create a@example.com --role boss',
      'password123',
      /^tessera: option '--role <role>' argument 'boss' is invalid\. .*\n$/,
    ],
    [
      'users create',
      'password123',
      /^tessera: missing required argument 'email'\. See tessera users create --help\.\n$/,
    ],
    ['users creat', '', /^tessera: unknown command 'creat' \(Did you mean create\?\) See tessera users --help\.\n$/],
  ]
  for (const [line, input, expected] of cases) {
    const { code, output } = await tessera(line, input)
    assert.match(output, expected)
    assert.equal(code, /option|argument|command/.test(output) ? 2 : 1, line)
  }
  assert.equal((await server.rows(sql`select id from users`)).length, 2, 'the demo users')
})

test('disabling, a new password and a deletion end sessions at once, and an enabled user can log in again', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { user, access_token, refresh_token } = await logInNewUser(server)
  assert.equal((await tessera(`users disable ${user.email}`)).code, 0)
  assert.equal((await me(server, access_token)).status, 401)
  assert.equal((await refresh(server, refresh_token)).status, 401)
  const attempt = { email: user.email, password: PASSWORD }
  assert.equal((await server.post('/api/v1/auth/login', attempt)).status, 401)
  assert.match((await tessera(`users disable ${user.id}`)).output, /was already disabled/)

  assert.equal((await tessera(`users enable ${user.guid}`)).code, 0)
  assert.equal((await me(server, access_token)).status, 401, 'ended sessions stay ended')
  const second = await logIn(server, user.email)
  assert.equal((await tessera(`users set-password ${user.email}`, 'another good one\n')).code, 0)
  assert.equal((await me(server, second.access_token)).status, 401)
  assert.equal((await server.post('/api/v1/auth/login', attempt)).status, 401)

  const third = await logIn(server, user.email, 'another good one')
  assert.match(
    (await tessera(`users delete ${user.email}`)).output,
    /^tessera: Not a terminal: pass --yes to confirm\.\n$/,
  )
  assert.equal((await me(server, third.access_token)).status, 200)
  assert.equal((await tessera(`users delete ${user.email} --yes`)).code, 0)
  assert.equal((await me(server, third.access_token)).status, 401)
  const { code, output } = await tessera(`users show ${user.email}`)
  assert.deepEqual([code, output], [1, `tessera: No user has the id, GUID or email address "${user.email}".\n`])
})

test('changes from the command line are audited, without an address', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { user } = await logInNewUser(server)
  await tessera(`users set-role ${user.id} admin`)
  await tessera(`users set-role ${user.id} admin`)
  await tessera(`users disable ${user.guid.toUpperCase()}`)
  await tessera(`users enable ${user.email.toUpperCase()}`)
  await logIn(server, user.email)
  await tessera(`sessions end --user ${user.id}`)
  const [session] = parseJsonLines((await tessera('sessions list --ended --limit 1 --json')).output)
  await logIn(server, user.email)
  const [activeSession] = parseJsonLines((await tessera('sessions list --json')).output)
  await tessera(`sessions end ${activeSession.id}`)
  await tessera(`users set-password ${user.id}`, 'another good one')
  await tessera(`users delete ${user.id} --yes`)
  await tessera('users import -', '{"email":"imported@example.com"}')
  const events = parseJsonLines((await tessera('audit --json')).output)
    .filter((event) => event.ip === null)
    .reverse()
  assert.ok(events.every(({ user_agent }) => user_agent.startsWith('tessera (command line) by ')))
  assert.deepEqual(
    events.map(({ kind, details }) => [kind, details]),
    [
      ['role_changed', { from: 'user', to: 'admin' }],
      ['user_disabled', {}],
      ['user_enabled', {}],
      ['session_ended', { sessions: 1 }],
      ['session_ended', { reason: 'operator' }],
      ['password_changed', {}],
      ['user_deleted', {}],
      ['user_imported', {}],
    ],
  )
  const ofSession = parseJsonLines((await tessera(`audit --session ${session.id} --json`)).output)
  assert.ok(ofSession.length > 0 && ofSession.every(({ session_id }) => session_id === session.id))
})

/** Waits until one connection is waiting for a lock of another. */
async function waitForLockQueue(server: TestServer): Promise<void> {
  const waiting = sql`select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  while ((await server.rows(waiting)).length === 0);
}

test('a login that is in progress when its user is disabled or all sessions of the user end does not survive', {
  skip: !onPostgres && 'SQLite has one writer: no other transaction is in progress',
}, async () => {
  const server = await startServer()
  const origin = { ip: null, userAgent: null }
  for (const change of ['disable', 'end'] as const) {
    const user = await signUp(server)
    const [locked, proceed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const opening = server.ctx.db.transaction(async (tx) => {
      await lockUserForPair(tx, { userId: user.id, allowDemoUsers: true })
      locked.resolve()
      await proceed.promise
      const session = { id: crypto.randomUUID(), user_id: user.id, kind: 'login', rotation: 'strict' } as const
      await insertSession(
        tx,
        {
          ...session,
          ip: '::1',
          network: '::/64',
          user_agent: null,
          token_carrier: 'body',
          device_digest: null,
          amr: 'pwd',
          expires_at: new Date(Date.now() + 1e6),
        },
        { now: new Date(), maxSessions: 0, unusedBefore: new Date() },
      )
    })
    await locked.promise
    const ending =
      change === 'disable'
        ? disableUser(server.ctx, { user, origin })
        : endSessionsOfUser(server.ctx, { userId: user.id, origin })
    await Promise.race([waitForLockQueue(server), ending])
    proceed.resolve()
    await Promise.all([opening, ending])
    const alive = await server.rows(sql`select id from sessions where user_id = ${user.id} and revoked_at is null`)
    assert.equal(alive.length, 0, change)
  }
})

test('a changed role takes effect at once, and users are found by role and by part of a name', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { user, access_token } = await logInNewUser(server)
  assert.equal((await tessera(`users set-role ${user.email} admin`)).code, 0)
  assert.equal((await me(server, access_token)).body.user.role, 'admin')
  const admins = parseJsonLines((await tessera('users list --role admin --json')).output)
  assert.deepEqual(
    admins.map(({ email }) => email),
    ['admin@example.com', user.email],
  )
  for (const search of [user.email.slice(3, 20).toUpperCase(), 'admin@']) {
    assert.equal(parseJsonLines((await tessera(`users list --json --search ${search}`)).output).length, 1)
  }
  for (const search of ['100%_', '_', '%', '\\']) {
    assert.equal((await tessera(`users list --search ${search}`)).output, 'No users found.\n', search)
  }
  await tessera('users create ivan@example.com --no-password --first-name Иван')
  for (const name of ['Иван', 'иван', 'ВАН']) {
    assert.equal(
      parseJsonLines((await tessera(`users list --json --search ${name}`)).output)[0]?.email,
      'ivan@example.com',
    )
  }
  const page = (await tessera('users list --limit 1 --after 1')).output
  assert.match(
    page,
    /^ID +EMAIL +NAME +ROLE .*\n2 +john\.doe@email\.com +John Doe +user +active .*\nThere are more users: --after 2 lists them\.\n$/,
  )
})
