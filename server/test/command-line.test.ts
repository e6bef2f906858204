import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { createProgram } from '../src/cli/program.ts'
import { insertMail } from '../src/storage/outbox.ts'
import { logIn, me, newLogin, PASSWORD, refresh, signUp, type Tokens } from './people.ts'
import { startServer, type TestServer } from './server.ts'
import { runToEnd } from './server-process.ts'
import { temporaryFolder } from './test-database.ts'

/** Runs `tessera` beside a running server, on its database. */
function tesseraBeside(server: Pick<TestServer, 'databaseUrl'>) {
  const environment = { DATABASE_URL: server.databaseUrl, TZ: 'Asia/Tokyo' }
  return (line: string, input = '') => runToEnd(line.split(' '), { environment, input })
}

/** The JSON documents that a command prints, one a line. */
function documents(output: string) {
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test("a person created at the command line signs in to the running server; the documents' test user is one line", async () => {
  const server = await startServer({}, { demoFrom: { includes: () => true, includesEverything: true } })
  const tessera = tesseraBeside(server)
  const guid = '6e1a2a9c-7f0b-4f3f-9d0a-0d9c4c1f2b3a'
  const line = `users create boss@example.com --role admin --first-name Ann --last-name Lee --guid ${guid} --json`
  const { code, output } = await tessera(line, 'password123\n')
  assert.equal(code, 0, output)
  const [created] = documents(output)
  assert.equal(created.guid, guid)
  assert.ok(!output.includes('$2b$'), 'no digest')
  const { access_token } = await logIn(server, 'boss@example.com', 'password123')
  const { user } = (await me(server, access_token)).body
  assert.deepEqual([user.role, user.first_name, user.last_name], ['admin', 'Ann', 'Lee'])
  const again = await tessera(line, 'password123\n')
  assert.deepEqual(again, { code: 1, output: 'tessera: Email has already been taken.\n' })
})

test('what a new person must be is said in one line, and nothing is written', async () => {
  const server = await startServer()
  const tessera = tesseraBeside(server)
  const cases: [string, string, RegExp][] = [
    ['users create nonsense', 'password123', /^tessera: Email is invalid\.\n$/],
    ['users create a@example.com', 'short', /^tessera: Password is too short \(minimum is 8 characters\)\.\n$/],
    ['users create a@example.com', '', /^tessera: No password came on standard input; .*\n$/],
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

test('disabling, a new password and deletion end sessions at once, and enabling lets in again', async () => {
  const server = await startServer()
  const tessera = tesseraBeside(server)
  const { person, access_token, refresh_token } = await newLogin(server)
  assert.equal((await tessera(`users disable ${person.email}`)).code, 0)
  assert.equal((await me(server, access_token)).status, 401)
  assert.equal((await refresh(server, refresh_token)).status, 401)
  const attempt = { email: person.email, password: PASSWORD }
  assert.equal((await server.post('/api/v1/auth/login', attempt)).status, 401)
  assert.match((await tessera(`users disable ${person.id}`)).output, /was disabled already/)

  assert.equal((await tessera(`users enable ${person.guid}`)).code, 0)
  assert.equal((await me(server, access_token)).status, 401, 'what ended stays ended')
  const second = await logIn(server, person.email)
  assert.equal((await tessera(`users set-password ${person.email}`, 'another good one\n')).code, 0)
  assert.equal((await me(server, second.access_token)).status, 401)
  assert.equal((await server.post('/api/v1/auth/login', attempt)).status, 401)

  const third = await logIn(server, person.email, 'another good one')
  assert.match(
    (await tessera(`users delete ${person.email}`)).output,
    /^tessera: Nobody is there to confirm; say --yes\.\n$/,
  )
  assert.equal((await me(server, third.access_token)).status, 200)
  assert.equal((await tessera(`users delete ${person.email} --yes`)).code, 0)
  assert.equal((await me(server, third.access_token)).status, 401)
  const { code, output } = await tessera(`users show ${person.email}`)
  assert.deepEqual([code, output], [1, `tessera: There is nobody with the id, GUID or address "${person.email}".\n`])
})

test('a changed role counts at once, and people are found by role and by part of a name', async () => {
  const server = await startServer()
  const tessera = tesseraBeside(server)
  const { person, access_token } = await newLogin(server)
  assert.equal((await tessera(`users set-role ${person.email} admin`)).code, 0)
  assert.equal((await me(server, access_token)).body.user.role, 'admin')
  const admins = documents((await tessera('users list --role admin --json')).output)
  assert.deepEqual(
    admins.map(({ email }) => email),
    ['admin@example.com', person.email],
  )
  for (const search of [person.email.slice(3, 20).toUpperCase(), 'admin@']) {
    assert.equal(documents((await tessera(`users list --json --search ${search}`)).output).length, 1)
  }
  assert.equal((await tessera('users list --search 100%_')).output, 'Nobody.\n')
  const page = (await tessera('users list --limit 1 --after 1')).output
  assert.match(
    page,
    /^ID +EMAIL +NAME +ROLE .*\n2 +john\.doe@email\.com +John Doe +user +active .*\nThere are more: --after 2\n$/,
  )
})

test('sessions are listed, ended one by one, and all of a person at once', async () => {
  const server = await startServer()
  const tessera = tesseraBeside(server)
  const person = await signUp(server)
  const logins: Tokens[] = []
  for (let count = 0; count < 3; count++) logins.push(await logIn(server, person.email))
  const living = async () => documents((await tessera(`sessions list --user ${person.id} --json`)).output)
  const [newest] = await living()
  assert.equal((await living()).length, 3)
  assert.equal((await tessera(`sessions end ${newest.id}`)).output, 'The session has ended.\n')
  assert.equal((await tessera(`sessions end ${newest.id}`)).output, 'The session had ended before.\n')
  const alive = async () =>
    (await Promise.all(logins.map((login) => me(server, login.access_token)))).map(({ status }) => status)
  assert.deepEqual(await alive(), [200, 200, 401])
  assert.equal((await tessera(`sessions end --user ${person.email}`)).output, '2 sessions have ended.\n')
  assert.deepEqual(await alive(), [401, 401, 401])
  assert.equal((await tessera(`sessions list --user ${person.id}`)).output, 'No living sessions.\n')
  assert.match((await tessera(`sessions list --user ${person.id} --ended`)).output, /(.* ended: operator .*\n){3}$/)
  assert.match((await tessera('sessions end')).output, /^tessera: Name one session by its id, or all of a person/)
  assert.match((await tessera('sessions end nonsense')).output, /^tessera: There is no session "nonsense"/)
})

test('the audit is filtered by person, kind and time, as a table or JSON lines, and cannot steer the terminal', async () => {
  const server = await startServer()
  const tessera = tesseraBeside(server)
  const { person } = await newLogin(server)
  await server.rows(sql`update audit_events set user_agent = ${'\u001b[2J\u202Eevil\r\nforged line'} returning id`)
  const kinds = async (filter: string) =>
    documents((await tessera(`audit --json ${filter}`)).output).map(({ kind }) => kind)
  assert.deepEqual(await kinds(`--user ${person.email}`), ['login_succeeded', 'user_registered'])
  assert.deepEqual(await kinds(`--user ${person.id} --kind user_registered --since 1h`), ['user_registered'])
  assert.deepEqual(await kinds('--limit 1'), ['login_succeeded'])
  assert.equal((await tessera('audit --until 1h')).output, 'Nothing.\n')
  const table = (await tessera('audit')).output
  assert.equal(table.split('\n').length, 4)
  assert.doesNotMatch(table, /[^\P{Cc}\n]|\u202E/u)
  await tessera(`users delete ${person.id} --yes`)
  assert.deepEqual(
    await kinds(`--user ${person.id} --limit 1`),
    ['user_deleted'],
    'a deleted person is known by their id',
  )
  assert.match(
    (await tessera('audit --since yesterday')).output,
    /^tessera: option '--since <time>' argument 'yesterday' is invalid\. Write 2026-11-21, .*\n$/,
  )
})

test('mails are listed, shown as they would look, sent again and dropped', async () => {
  const server = await startServer()
  const tessera = tesseraBeside(server)
  const { id: user_id, email } = await signUp(server)
  const data = { session_id: null, ip: '198.51.100.7', user_agent: 'curl/8', at: '2026-11-20T10:00:00.000Z' }
  for (const dedupe_key of ['a', 'b']) {
    await insertMail(server.ctx.db, { user_id, kind: 'refresh_token_reused', data, dedupe_key }, new Date())
  }
  const list = async (filter = '') => documents((await tessera(`outbox list --json${filter}`)).output)
  const [second, first] = await list()
  const shown = (await tessera(`outbox show ${first.id}`)).output
  assert.match(shown, new RegExp(`^to +${email}\nsubject +Your session at Tessera was ended\nstate +waiting\n`))
  assert.match(shown, /Address: {4}198\.51\.100\.7/)
  assert.match((await tessera(`outbox show ${first.id} --html`)).output, /^<!doctype html>/)

  await server.rows(sql`update outbox set failed_at = ${new Date()}, refusals = 3, last_error = ${'550'} returning id`)
  assert.match((await tessera('outbox list --state failed')).output, /(.* failed .*550\n){2}$/)
  assert.equal((await tessera(`outbox retry ${first.id}`)).output, `Mail ${first.id} will be sent again.\n`)
  assert.deepEqual(
    (await list(' --state waiting')).map(({ id, refusals }) => [id, refusals]),
    [[first.id, 0]],
  )
  assert.equal((await tessera('outbox drop --failed')).output, `Mail ${second.id} is dropped.\n`)
  assert.equal((await tessera('outbox drop --failed')).output, 'No mail was given up.\n')
  const { code, output } = await tessera(`outbox drop ${second.id}`)
  assert.deepEqual([code, output], [1, `tessera: Mail ${second.id} is not there.\n`])
})

test('secrets that production accepts, and never the same', async () => {
  const [first, second] = [await runToEnd(['secret']), await runToEnd(['secret'])]
  assert.match(first.output, /^[0-9a-f]{128}\n$/)
  assert.notEqual(first.output, second.output)
})

test('before there is a database, reading says so and makes none', async () => {
  const folder = temporaryFolder()
  for (const line of ['users list', 'sessions list', 'audit', 'outbox list', 'users show 1']) {
    const { code, output } = await runToEnd(line.split(' '), { folder })
    assert.equal(code, 1)
    assert.match(output, /^tessera: There is no database at data\/tessera\.db yet; .*tessera migrate\n$/)
  }
  assert.ok(!existsSync(join(folder, 'data')))
  assert.equal((await runToEnd(['users', 'create', 'a@example.com', '--no-password'], { folder })).code, 0)
})

test('every command has a help with an example that names it', async () => {
  const program = createProgram('1.0.0')
  const commands = program.commands.flatMap((group) => (group.commands.length > 0 ? group.commands : [group]))
  assert.ok(commands.length >= 18)
  for (const command of commands) {
    const name = [...(command.parent === program ? [] : [command.parent?.name()]), command.name()].join(' ')
    let help = ''
    command.configureOutput({ writeOut: (text) => (help += text) })
    command.outputHelp()
    assert.match(help, new RegExp(`For example:\n.*tessera ${name}`, 's'), name)
  }
  for (const args of [['--help'], ['users', '--help'], ['users', 'create', '--help'], ['--version']]) {
    assert.equal((await runToEnd(args)).code, 0)
  }
})

test('people of a Rails application come over with ids, digests and times, and sign in with their passwords', async () => {
  const server = await startServer()
  const tessera = tesseraBeside(server)
  // As `row_to_json` prints rows of the documents' `users` table; the digests are of bcrypt-ruby ($2a$).
  const digest = '$2a$04$Y0mBWPkkdxc3WN1LDX9LJOtx00f/7F8.qE2psZtPoSq0wDNSaJzP2'
  const rows = [
    {
      id: 501,
      email: 'Rails.Ann@Example.com',
      password_digest: digest,
      created_at: '2024-01-01T00:00:00.000Z',
      role: 'admin',
    },
    {
      id: 502,
      email: 'rails.bob@example.com',
      password_digest: digest,
      created_at: '2024-02-01T00:00:00',
      remember_token: 'x',
    },
  ]
  const jsonLines = (people: object[]) => `${people.map((person) => JSON.stringify(person)).join('\n')}\n`
  const file = join(temporaryFolder(), 'users.jsonl')
  writeFileSync(file, jsonLines(rows))
  assert.equal((await tessera(`users import ${file}`)).output, 'Imported 2 people.\n')
  const login = await server.post('/api/v1/auth/login', {
    email: 'rails.ann@example.com',
    password: 'a rails password',
  })
  assert.equal(login.status, 200, login.text)
  assert.deepEqual(
    [login.body.user.id, login.body.user.created_at, login.body.user.role],
    [501, '2024-01-01T00:00:00.000Z', 'admin'],
  )
  const bob = documents((await tessera('users show 502 --json')).output)[0]
  assert.equal(bob.created_at, '2024-02-01T00:00:00.000Z', 'Rails keeps UTC, without saying so')
  assert.equal((await signUp(server)).id, 503, 'the next person comes after them')

  const refused: [object[], RegExp][] = [
    [
      [{ email: 'new@example.com' }, { email: 'rails.bob@example.com' }],
      /^tessera: Line 2: Email has already been taken\. Nobody was imported\.\n$/,
    ],
    [[{ id: 501, email: 'new@example.com' }], /^tessera: Line 1: Id has already been taken\./],
    [
      [{ email: 'new@example.com', password_digest: 'plain text' }],
      /^tessera: Line 1: Password digest is no digest of bcrypt/,
    ],
    [[{ email: 'new@example.com', role: 1 }], /^tessera: Line 1: Role must be user or admin\./],
    [[{ name: 'nobody' }], /^tessera: Line 1: Email can't be blank\./],
  ]
  for (const [people, expected] of refused) {
    const { code, output } = await tessera('users import -', jsonLines(people))
    assert.match(output, expected)
    assert.equal(code, 1)
  }
  assert.match((await tessera('users import -', '{"email":')).output, /^tessera: Line 1 is no JSON object\./)
  assert.equal((await server.rows(sql`select id from users where email = ${'new@example.com'}`)).length, 0)
})
