import assert from 'node:assert/strict'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { test } from 'node:test'
import pg from 'pg'
import { startServer, type TestServer } from '../support/server.ts'
import { onPostgres } from '../support/test-database.ts'
import { issuePair, logIn, logInNewUser, logOut, me, refresh, refreshPair } from '../support/users.ts'

/** Every statement sent to the database, whatever sends it: on PostgreSQL each is a round trip. */
const sent: string[] = []

if (onPostgres) {
  const query = pg.Client.prototype.query
  pg.Client.prototype.query = function (this: pg.Client, ...given: Parameters<typeof query>) {
    const [first] = given as unknown as [string | { text: string }]
    sent.push(typeof first === 'string' ? first : first.text)
    return query.apply(this, given)
  } as typeof query
} else {
  const { all } = StatementSync.prototype
  StatementSync.prototype.all = function (this: StatementSync, ...values: Parameters<typeof all>) {
    sent.push(this.sourceSQL)
    return all.apply(this, values)
  } as typeof all
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (script) {
    if (script === 'commit') sent.push(script)
    return exec.call(this, script)
  }
}

/** The statements of background jobs, and of new connections. */
const BACKGROUND =
  /outbox|clock_timestamp|prepared_at is null|force_generic_plan|from endings|^select value from installation/

/** Counts the statements of an operation; those of background jobs are left out. */
async function count(operation: () => Promise<unknown>): Promise<number> {
  sent.length = 0
  await operation()
  return sent.filter((statement) => !BACKGROUND.test(statement)).length
}

/**
 * Each statement is a round trip, and so are `begin` and `commit`. A rotation of a login is tried without reading first, so
 * that another answer takes one to try and one to read; that of a pair takes one to read and one to write.
 */
const ON_POSTGRES = {
  '/me': 1,
  'an introspection': 2,
  'an introspection of garbage': 0,
  'a rotation': 1,
  'a repeat': 2,
  'a first offer': 2,
  'an offer renewed': 2,
  'a rotation of a pair': 2,
  'an unknown token': 0,
  'a login': 5,
  'a logout': 7,
  'a login that displaces a session': 7,
  'a list of 100 sessions': 2,
  'a session with its events': 3,
  'the end of one session': 9,
  'the end of 100 sessions': 9,
}

/** A commit counts as one and is shared by concurrent transactions; the rest costs microseconds. */
const ON_SQLITE = {
  '/me': 1,
  'an introspection': 2,
  'an introspection of garbage': 0,
  'a rotation': 6,
  'a repeat': 1,
  'a first offer': 5,
  'an offer renewed': 4,
  'a rotation of a pair': 6,
  'an unknown token': 0,
  'a login': 6,
  'a logout': 6,
  'a login that displaces a session': 10,
  'a list of 100 sessions': 2,
  'a session with its events': 3,
  'the end of one session': 8,
  'the end of 100 sessions': 8,
}

test('each operation sends exactly the expected number of statements', async () => {
  // Without the list of endings, which is read in the background every half a second.
  const settings = { REVOCATIONS: 'off', SERVICE_KEYS: 'a-service-key' }
  const server = await startServer({ ...settings, REFRESH_TOKEN_ROTATION: 'strict' })
  const adaptive = await startServer({ ...settings, DATABASE_URL: server.databaseUrl })
  const login = await logInNewUser(server)
  let newest = login.refresh_token
  let pair = await issuePair(server)
  const introspect = (token: string) => server.post('/oauth/introspect', { token }, { bearer: 'a-service-key' })
  const rotate = async () => {
    newest = (await refresh(server, newest)).body.refresh_token
  }
  const used = login.refresh_token
  const first = (await logIn(adaptive, login.user.email)).refresh_token
  const counts = {
    '/me': await count(() => me(server, login.access_token)),
    'an introspection': await count(() => introspect(login.access_token)),
    'an introspection of garbage': await count(() => introspect(login.refresh_token)),
    'a rotation': await count(rotate),
    'a repeat': await count(() => refresh(server, used)),
    'a first offer': await count(() => refresh(adaptive, first)),
    'an offer renewed': await count(() => refresh(adaptive, first)),
    'a rotation of a pair': await count(async () => {
      pair = (await refreshPair(server, pair)).body
    }),
    'an unknown token': await count(() => refresh(server, 'x'.repeat(86))),
    'a login': await count(() => logIn(server, login.user.email)),
    'a logout': await count(() => logOut(server, newest)),
  }
  Object.assign(counts, await countOwnSessions(server))
  assert.deepEqual(counts, onPostgres ? ON_POSTGRES : ON_SQLITE)
})

/** Counts what a user does with a hundred sessions, as many as the cap allows: none costs a statement for each of them. */
async function countOwnSessions(server: TestServer) {
  const own = await logInNewUser(server)
  const path = '/api/v1/auth/sessions'
  const given = { bearer: own.access_token }
  for (let others = 1; others < 100; others++) await logIn(server, own.user.email)
  await refresh(server, own.refresh_token)
  let ids: string[] = []
  const list = await count(async () => {
    const { body } = await server.get(path, given)
    ids = body.sessions.map(({ id }: { id: string }) => id)
  })
  assert.equal(ids.length, 100)
  return {
    'a list of 100 sessions': list,
    'a session with its events': await count(() => server.get(`${path}/${ids[0]}`, given)),
    'a login that displaces a session': await count(() => logIn(server, own.user.email)),
    'the end of one session': await count(() => server.delete(`${path}/${ids[1]}`, given)),
    'the end of 100 sessions': await count(() => server.delete(path, given)),
  }
}

test('requests of many users at once share statements', { skip: !onPostgres && 'of PostgreSQL' }, async () => {
  const server = await startServer({ REFRESH_TOKEN_ROTATION: 'strict' })
  const logins = await Promise.all(Array.from({ length: 48 }, () => logInNewUser(server)))
  const asked = await count(() => Promise.all(logins.map(({ access_token }) => me(server, access_token))))
  const rotated = await count(() => Promise.all(logins.map(({ refresh_token }) => refresh(server, refresh_token))))
  assert.ok(asked <= 24 && rotated <= 24, `${asked} and ${rotated} statements for 48 requests each`)
})

test('a request for a mail sends the same statements, whether or not its address has an account', async () => {
  const server = await startServer({ EMAIL_LOGIN: 'on', HIDE_ACCOUNT_EXISTENCE: 'on' })
  const statements = async (path: string, body: object) => {
    sent.length = 0
    assert.equal((await server.post(path, body)).status, 202)
    return sent.filter((statement) => !BACKGROUND.test(statement))
  }
  const ask = {
    '/api/v1/users/password/forgot': (email: string) => ({ email }),
    '/api/v1/auth/login/email': (email: string) => ({ email }),
    '/api/v1/users/sign_up': (email: string) => ({ user: { email, password: 'correct horse battery' } }),
  }
  for (const [path, body] of Object.entries(ask)) {
    const known = await statements(path, body('admin@example.com'))
    assert.deepEqual(await statements(path, body('unknown@example.com')), known)
    assert.ok(known.some((statement) => /insert into one_time_tokens/.test(statement)))
    assert.ok(known.every((statement) => !/\busers\b/.test(statement)))
  }
})
