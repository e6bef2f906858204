import assert from 'node:assert/strict'
import { test } from 'node:test'
import bcrypt from 'bcrypt'
import sql from 'sql-template-tag'
import { changePassword } from '../../src/auth/password/change-password.ts'
import { findUserByEmail } from '../../src/storage/account/users.ts'
import { type Answer, startServer, type TestServer } from '../support/server.ts'
import { ADMIN, issuePair, JOHN, logIn, logInNewUser, me, PASSWORD, refresh, signUp } from '../support/users.ts'

const server = await startServer()
const WRONG = { error: { message: 'Invalid email or password', details: {} } }
const client = { ip: '127.0.0.1', userAgent: null }

function attempt(target: TestServer, email: unknown, password: unknown): Promise<Answer> {
  return target.post('/api/v1/auth/login', { email, password })
}

async function readDigest(target: TestServer, id: number): Promise<string> {
  const rows = await target.rows<{ password_digest: string }>(sql`select password_digest from users where id = ${id}`)
  return rows[0]?.password_digest ?? ''
}

async function setDigest(target: TestServer, id: number, digest: string): Promise<void> {
  await target.rows(sql`update users set password_digest = ${digest} where id = ${id} returning id`)
}

test('the jwt-api contract: a login returns the user and both tokens', async () => {
  const answer = await attempt(server, ADMIN.email, ADMIN.password)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  const { user, access_token, refresh_token, device_token, ...rest } = answer.body
  assert.match(device_token, /^[\w-]{43}$/)
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 900, refresh_expires_in: 604_800 })
  assert.deepEqual(Object.keys(user).sort(), [
    'created_at',
    'email',
    'email_verified_at',
    'first_name',
    'guid',
    'id',
    'last_name',
    'role',
    'updated_at',
  ])
  assert.equal(user.role, 'admin')
  assert.match(user.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.equal((await me(server, access_token)).body.user.email, ADMIN.email)
  assert.equal((await refresh(server, refresh_token)).status, 200)
})

test('unknown address, wrong password, disabled user, no password and damaged digest get byte-identical refusals', async () => {
  const [disabled, damaged, empty] = [await signUp(server), await signUp(server), await signUp(server)]
  const damages = [
    '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$YQ',
    '$argon2id$v=19$m=19456,t=2,p=1$YQ$c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0',
    '$argon2id$v=19$m=19456,t=2,p=0$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0',
    '$argon2id$v=19$m=9999999,t=99,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0',
    `$2b$31$${'a'.repeat(53)}`,
    `$2b$03$${'a'.repeat(53)}`,
  ]
  await server.rows(sql`update users set disabled_at = ${new Date()} where id = ${disabled.id} returning id`)
  await setDigest(server, damaged.id, '$2b$04$damaged')
  await setDigest(server, empty.id, '')
  const attempts: [unknown, unknown][] = [
    ['nobody@example.com', PASSWORD],
    ['no address', PASSWORD],
    ['', ''],
    ['a\0b@example.com', PASSWORD],
    [ADMIN.email, 'wrong'],
    [ADMIN.email, ''],
    [ADMIN.email, 'x'.repeat(73)],
    [ADMIN.email, 'x'.repeat(10_000)],
    [ADMIN.email, `${ADMIN.password}\0`],
    [ADMIN.email, `${ADMIN.password}\0more`],
    [ADMIN.email, '\ud800'],
    ['john.doe@email.com', PASSWORD],
    [disabled.email, PASSWORD],
    [damaged.email, PASSWORD],
    [empty.email, PASSWORD],
    [empty.email, ''],
  ]
  const texts = new Set<string>()
  for (const [email, password] of attempts) {
    const answer = await attempt(server, email, password)
    assert.equal(answer.status, 401)
    assert.deepEqual(answer.body, WRONG)
    const headers = [...answer.headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
    texts.add(JSON.stringify([headers, answer.text]))
  }
  for (const digest of damages) {
    await setDigest(server, damaged.id, digest)
    assert.deepEqual((await attempt(server, damaged.email, PASSWORD)).body, WRONG, digest)
  }
  assert.equal(texts.size, 1)
})

test('a password longer than bcrypt reads is never accepted because of its beginning', async () => {
  const user = await signUp(server)
  const long = 'x'.repeat(72)
  await setDigest(server, user.id, bcrypt.hashSync(long, 4))
  await logIn(server, user.email, long)
  assert.equal((await attempt(server, user.email, `${long}y`)).status, 401)
})

test('an impossible password is not taken for the empty one', async () => {
  const user = await signUp(server)
  await setDigest(server, user.id, bcrypt.hashSync('', 4))
  for (const password of ['\0', '\ud800', 'x\0']) {
    assert.equal((await attempt(server, user.email, password)).status, 401, JSON.stringify(password))
  }
})

test('each event is audited under its own kind, and a session records how it began', async () => {
  const { id, guid, email } = await signUp(server)
  const headers = { 'user-agent': 'x'.repeat(5000) }
  await server.post('/api/v1/auth/login', { email, password: PASSWORD }, { headers })
  await issuePair(server, guid)
  const user = await findUserByEmail(server.ctx.db, email)
  assert.ok(user)
  await changePassword(server.ctx, { user, password: 'another password', origin: client })
  const events = await server.rows<{ kind: string }>(
    sql`select kind from audit_events where user_id = ${id} order by id`,
  )
  assert.deepEqual(
    events.map((event) => event.kind),
    ['user_registered', 'login_succeeded', 'pair_issued', 'password_changed'],
  )
  const sessions = await server.rows<{ amr: string; user_agent: string }>(
    sql`select amr, user_agent from sessions where user_id = ${id} order by kind`,
  )
  assert.deepEqual(
    sessions.map((session) => session.amr),
    ['pwd', 'svc'],
  )
  assert.equal(sessions[0]?.user_agent.length, 512)
})

test('the address of a login may be in any case and have spaces around it', async () => {
  const user = await signUp(server, 'Some.Body@Example.COM')
  assert.equal(user.email, 'some.body@example.com')
  await logIn(server, '  SOME.body@example.com. ')
})

test('a digest with other hash settings is verified, and renewed after a successful login', async () => {
  const strong = await startServer({ DATABASE_URL: server.databaseUrl, BCRYPT_COST: '5' })
  const argon = await startServer({ DATABASE_URL: server.databaseUrl, PASSWORD_HASH: 'argon2id' })
  const user = await signUp(server)
  assert.match(await readDigest(server, user.id), /^\$2b\$04\$/)
  assert.equal((await attempt(strong, user.email, 'wrong')).status, 401)
  assert.match(await readDigest(server, user.id), /^\$2b\$04\$/)
  await logIn(strong, user.email)
  assert.match(await readDigest(server, user.id), /^\$2b\$05\$/)
  const { refresh_token } = await logIn(argon, user.email)
  const renewed = await readDigest(server, user.id)
  assert.match(renewed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  await logIn(argon, user.email)
  assert.equal(await readDigest(server, user.id), renewed)
  assert.equal((await refresh(server, refresh_token)).status, 200, 'a renewal ends no session')
  await logIn(server, user.email)
  assert.match(await readDigest(server, user.id), /^\$2b\$04\$/)
})

test('concurrent logins all succeed while one of them renews the digest', async () => {
  for (let round = 0; round < 5; round++) {
    const user = await signUp(server)
    await setDigest(server, user.id, bcrypt.hashSync(PASSWORD, 5))
    const logins = Array.from({ length: 8 }, () => attempt(server, user.email, PASSWORD))
    assert.deepEqual([...new Set((await Promise.all(logins)).map(({ status }) => status))], [200])
    assert.match(await readDigest(server, user.id), /^\$2b\$04\$/)
  }
})

test('digests written by Rails, PHP and others are verified', async () => {
  const user = await signUp(server)
  const digest = bcrypt.hashSync('pass word', 4)
  for (const prefix of ['$2a$', '$2b$', '$2y$']) {
    await setDigest(server, user.id, digest.replace('$2b$', prefix))
    await logIn(server, user.email, 'pass word')
  }
})

test('a password change ends every session, and the old password stops working', async () => {
  const { user: account, ...first } = await logInNewUser(server)
  const { email } = account
  const second = await logIn(server, email)
  const user = await findUserByEmail(server.ctx.db, email)
  assert.ok(user)
  assert.equal(await changePassword(server.ctx, { user, password: 'another password', origin: client }), true)
  assert.equal(await changePassword(server.ctx, { user, password: 'set from a stale row', origin: client }), false)
  for (const session of [first, second]) {
    assert.equal((await me(server, session.access_token)).status, 401)
    assert.equal((await refresh(server, session.refresh_token)).status, 401)
  }
  assert.equal((await attempt(server, email, PASSWORD)).status, 401)
  await logIn(server, email, 'another password')
})

test('a login racing a password change never leaves a session opened with the old password', async () => {
  for (let round = 0; round < 10; round++) {
    const { email } = await signUp(server)
    const user = await findUserByEmail(server.ctx.db, email)
    assert.ok(user)
    const logins = Array.from({ length: 10 }, () => attempt(server, email, PASSWORD))
    const [changed, ...answers] = await Promise.all([
      changePassword(server.ctx, { user, password: 'another password', origin: client }),
      ...logins,
    ])
    assert.equal(changed, true)
    for (const answer of answers) {
      if (answer.status === 200) assert.equal((await me(server, answer.body.access_token)).status, 401)
    }
  }
})

test('successful and failed logins are audited without the typed address or password', async () => {
  const user = await signUp(server)
  await logIn(server, user.email)
  await attempt(server, user.email, 'CANARY-password')
  await attempt(server, 'CANARY@example.com', 'x')
  const rows = await server.rows<{ kind: string; details: string }>(
    sql`select kind, details from audit_events where user_id = ${user.id} order by id`,
  )
  assert.deepEqual(
    rows.map((row) => row.kind),
    ['user_registered', 'login_succeeded', 'login_failed'],
  )
  const all = await server.rows(sql`select * from audit_events`)
  assert.doesNotMatch(JSON.stringify(all), /canary/i)
})

test('the demo users can log in from DEMO_FROM only', async () => {
  const elsewhere = await startServer({ DATABASE_URL: server.databaseUrl, DEMO_FROM: '192.0.2.1' })
  const answer = await attempt(elsewhere, ADMIN.email, ADMIN.password)
  assert.equal(answer.status, 401)
  assert.deepEqual(answer.body, WRONG)
  assert.equal((await elsewhere.post('/auth/token', { auth: { user_guid: JOHN } })).status, 401)
  await logInNewUser(elsewhere)
})

test('while the hashing pool is full, logins get 503 with Retry-After, for known and unknown users alike, and refreshes continue', async () => {
  const server = await startServer({ BCRYPT_COST: '10' })
  const { user, refresh_token } = await logInNewUser(server)
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) => attempt(server, n % 2 ? user.email : 'nobody@example.com', 'wrong')),
  )
  const busy = answers.filter((answer) => answer.status === 503)
  assert.ok(busy.length > 50, `${busy.length} were rejected`)
  assert.equal(new Set(busy.map((answer) => answer.text)).size, 1)
  for (const answer of busy) assert.equal(answer.headers.get('retry-after'), '1')
  for (const answer of answers) assert.ok([401, 503].includes(answer.status))
  assert.equal((await refresh(server, refresh_token)).status, 200)
})
