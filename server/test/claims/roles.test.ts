import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '../../src/config/reading/config.ts'
import { startServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { decodeClaims, logIn, logInNewUser, me, refresh, signUp } from '../support/users.ts'

const ROLES = 'user,admin,pilot'

test('user and admin are always roles, and a name that is none stops the start', () => {
  assert.deepEqual(readConfig({}).roles, ['user', 'admin'])
  assert.deepEqual(readConfig({ ROLES: ' pilot , cabin-crew,pilot,user' }).roles, [
    'user',
    'admin',
    'pilot',
    'cabin-crew',
  ])
  for (const bad of ['first officer', '1st', 'pilot;drop', 'Admin', 'pilot,Pilot', 'ADMIN', 'пилот', 'x'.repeat(65)])
    assert.throws(() => readConfig({ ROLES: bad }), { name: 'ConfigError', message: /^ROLES: "/ }, bad)
})

test('a role of ROLES is given by command, travels in tokens and answers, and is described', async () => {
  const server = await startServer({ ROLES })
  const tessera = tesseraCli(server, { ROLES })
  const { user, ...login } = await logInNewUser(server)
  assert.equal((await tessera(`users set-role ${user.id} pilot`)).code, 0)
  const { body } = await me(server, login.access_token)
  assert.equal(body.user.role, 'pilot')
  const refreshed = (await refresh(server, login.refresh_token)).body
  assert.equal(decodeClaims(refreshed.access_token)['role'], 'pilot')
  assert.equal(decodeClaims((await logIn(server, user.email)).access_token)['role'], 'pilot')
  const created = await tessera('users create new@example.com --role pilot --no-password --json')
  assert.equal(parseJsonLines(created.output)[0].role, 'pilot')
  const listed = await tessera('users list --role pilot --json')
  assert.deepEqual(
    parseJsonLines(listed.output).map(({ email }) => email),
    [user.email, 'new@example.com'],
  )
  const { User } = (await server.get('/openapi.json')).body.components.schemas
  assert.deepEqual(User.properties.role.enum, ['user', 'admin', 'pilot'])
})

test('a role that ROLES does not name is refused by every command and by the import', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const user = await signUp(server)
  const cases: [string, RegExp][] = [
    [
      `users set-role ${user.id} pilot`,
      /value 'pilot' is invalid for argument 'role'\. Allowed choices are user, admin/,
    ],
    ['users create a@example.com --no-password --role pilot', /argument 'pilot' is invalid\. Allowed choices are user/],
  ]
  for (const [line, sentence] of cases) {
    const { code, output } = await tessera(line)
    assert.equal(code, 2, output)
    assert.match(output, sentence)
  }
  assert.match((await tessera('users list --role pilot')).output, /^tessera: There is no role "pilot"/)
  const file = join(temporaryFolder(), 'users.jsonl')
  writeFileSync(file, '{"email":"pilot@example.com","role":"pilot"}\n')
  assert.match((await tessera(`users import ${file}`)).output, /^tessera: Line 1: Role must be user or admin\./)
  const withRole = tesseraCli(server, { ROLES: 'pilot' })
  assert.equal((await withRole(`users import ${file}`)).code, 0)
})

test('a role that was taken off ROLES is named at the start, stays with its users, and opens nothing', async () => {
  const before = await startServer({ ROLES })
  const { user, ...login } = await logInNewUser(before)
  const other = await signUp(before)
  await tesseraCli(before, { ROLES })(`users set-role ${user.id} pilot`)
  const server = await startServer({ DATABASE_URL: before.databaseUrl, ROLES: 'user' })
  const warning = server.logs.find(({ roles }) => roles !== undefined)
  assert.deepEqual(warning?.['roles'], ['pilot'])
  assert.equal(warning?.['level'], 40)
  const { body } = await refresh(server, login.refresh_token)
  assert.equal(decodeClaims(body.access_token)['role'], 'pilot')
  assert.equal((await me(server, body.access_token)).body.user.role, 'pilot')
  assert.equal((await server.delete(`/api/v1/users/${other.id}`, { bearer: body.access_token })).status, 404)
  const tessera = tesseraCli(server)
  assert.equal(parseJsonLines((await tessera('users list --role pilot --json')).output).length, 1)
  assert.equal((await tessera(`users set-role ${user.id} user`)).code, 0, 'to a role that there is')
})
