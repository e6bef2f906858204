import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { signUp } from '../support/users.ts'

test('users of a Rails application are imported with ids, digests and times, and log in with their passwords', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  // Rows as `row_to_json` prints them from the `users` table of the Rails contracts, with digests of bcrypt-ruby ($2a$).
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
  const jsonLines = (users: object[]) => `${users.map((user) => JSON.stringify(user)).join('\n')}\n`
  const file = join(temporaryFolder(), 'users.jsonl')
  writeFileSync(file, jsonLines(rows))
  assert.equal((await tessera(`users import ${file}`)).output, 'Imported 2 users.\n')
  const login = await server.post('/api/v1/auth/login', {
    email: 'rails.ann@example.com',
    password: 'a rails password',
  })
  assert.equal(login.status, 200, login.text)
  assert.deepEqual(
    [login.body.user.id, login.body.user.created_at, login.body.user.role],
    [501, '2024-01-01T00:00:00.000Z', 'admin'],
  )
  const bob = parseJsonLines((await tessera('users show 502 --json')).output)[0]
  assert.equal(bob.created_at, '2024-02-01T00:00:00.000Z', 'Rails stores UTC without a zone')
  assert.equal((await signUp(server)).id, 503, 'the next id is above the imported ones')

  const refused: [object[], RegExp][] = [
    [
      [{ email: 'new@example.com' }, { email: 'rails.bob@example.com' }],
      /^tessera: Line 2: Email has already been taken\. No users were imported\.\n$/,
    ],
    [[{ id: 501, email: 'new@example.com' }], /^tessera: Line 1: Id has already been taken\./],
    [
      [{ email: 'new@example.com', password_digest: 'plain text' }],
      /^tessera: Line 1: Password digest is not a bcrypt digest of cost 15 or less, nor an argon2id digest/,
    ],
    [[{ email: 'new@example.com', first_name: '\u001b[2J' }], /^tessera: Line 1: First name is invalid\./],
    [[{ email: 'new@example.com', created_at: '12/25/2020' }], /^tessera: Line 1: Created at is invalid\./],
    [[{ email: 'new@example.com', role: 1 }], /^tessera: Line 1: Role must be user or admin\./],
    [[{ name: 'x' }], /^tessera: Line 1: Email can't be blank\./],
  ]
  for (const [users, expected] of refused) {
    const { code, output } = await tessera('users import -', jsonLines(users))
    assert.match(output, expected)
    assert.equal(code, 1)
  }
  const odd: [string, RegExp][] = [
    ['{"email":', /^tessera: Line 1 is not a JSON object\./],
    ['\n\n[]\n', /^tessera: Line 3 is not a JSON object\./],
    ['\n', /^tessera: Standard input is empty\./],
  ]
  for (const [input, expected] of odd) assert.match((await tessera('users import -', input)).output, expected)
  assert.match(
    (await tessera('users import /nowhere')).output,
    /^tessera: \/nowhere cannot be read: there is no such file\./,
  )

  const whole = {
    guid: '6E1A2A9C-7F0B-4F3F-9D0A-0D9C4C1F2B3B',
    email: 'out@example.com',
    password_digest: digest,
    first_name: 'Аня',
    last_name: "O'Neil",
    locale: 'ru',
    disabled_at: '2024-03-01',
    updated_at: '2024-04-01T00:00:00+02:00',
  }
  const marked = await tessera('users import -', `\ufeff${JSON.stringify(whole)}\r\n\r\n`)
  assert.equal(marked.output, 'Imported 1 user.\n')
  const { password_digest: _, ...shown } = whole
  const [out] = parseJsonLines((await tessera('users show out@example.com --json')).output)
  for (const [field, value] of Object.entries(shown)) {
    const expected = field.endsWith('_at')
      ? new Date(value).toISOString()
      : field === 'guid'
        ? value.toLowerCase()
        : value
    assert.equal(out[field], expected, field)
  }
  const attempt = { email: 'out@example.com', password: 'a rails password' }
  assert.equal((await server.post('/api/v1/auth/login', attempt)).status, 401, 'a disabled user stays disabled')
  assert.equal((await server.rows(sql`select id from users where email = ${'new@example.com'}`)).length, 0)
})

test('an id is never assigned twice, not after a deletion and not after an import', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const gone = await signUp(server)
  await tessera(`users delete ${gone.id} --yes`)
  assert.equal((await tessera('users import -', '{"email":"next@example.com"}')).code, 0)
  const [next] = parseJsonLines((await tessera('users show next@example.com --json')).output)
  await tessera(`users delete ${next.id} --yes`)
  // Imports an id below those already assigned.
  await server.rows(sql`delete from users where id = ${2} returning id`)
  assert.equal((await tessera('users import -', '{"id":2,"email":"two@example.com"}')).code, 0)
  assert.ok((await signUp(server)).id > next.id)
})

test('ids are imported up to 999999999999999, and the users created after that can be found and deleted', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const tooLarge = await tessera('users import -', '{"id":1000000000000000,"email":"above@example.com"}')
  assert.match(tooLarge.output, /^tessera: Line 1: Id is invalid\./)
  assert.equal((await tessera('users import -', '{"id":999999999999999,"email":"last@example.com"}')).code, 0)
  const { id } = await signUp(server)
  assert.equal(id, 1_000_000_000_000_000)
  assert.equal((await tessera(`users show ${id}`)).code, 0)
  const { code, output } = await tessera(`users delete ${id} --yes`)
  assert.equal(code, 0, output)
})
