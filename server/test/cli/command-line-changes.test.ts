import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { logIn, PASSWORD, signUp } from '../support/users.ts'

test('an operator changes the address, names and language of a user, who goes on with the same password', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const [user, other] = [await signUp(server), await signUp(server)]
  const updated = await tessera(`users update ${user.id} --email New@Example.com --first-name Ann --locale ru --json`)
  const [shown] = parseJsonLines(updated.output)
  assert.deepEqual([shown.email, shown.first_name, shown.locale], ['new@example.com', 'Ann', 'ru'])
  await logIn(server, 'new@example.com', PASSWORD)
  const [event] = parseJsonLines((await tessera(`audit --user ${user.id} --kind user_updated --json`)).output)
  assert.deepEqual(event.details, { fields: 'email first_name locale' })
  const refused: [string, RegExp][] = [
    [`--email ${other.email}`, /^tessera: Email has already been taken\.\n$/],
    ['--email nonsense', /^tessera: Email is invalid\.\n$/],
    ['', /^tessera: Pass what to change: --email/],
  ]
  for (const [options, expected] of refused)
    assert.match((await tessera(`users update ${user.id} ${options}`.trim())).output, expected)
  const [same] = parseJsonLines((await tessera(`users show ${user.id} --json`)).output)
  assert.equal(same.email, 'new@example.com')
})

test('exported users can be imported elsewhere, with their ids and passwords', async () => {
  const [from, to] = [await startServer(), await startServer()]
  const { email, id } = await signUp(from)
  const { output } = await tesseraCli(from)('users export')
  const lines = output.split('\n').filter((line) => line.includes(email))
  assert.equal((await tesseraCli(to)('users import -', lines.join('\n'))).output, 'Imported 1 user.\n')
  const login = await to.post('/api/v1/auth/login', { email, password: PASSWORD })
  assert.deepEqual([login.status, login.body.user.id], [200, id])
  assert.match((await tesseraCli(from)('audit --kind users_exported --json')).output, /"kind":"users_exported"/)
  const demo = output.split('\n').filter((line) => line.includes('admin@example.com'))
  await to.rows(sql`delete from users where email = ${'admin@example.com'} returning id`)
  assert.equal((await tesseraCli(to)('users import -', demo.join('\n'))).code, 0)
  const [admin] = await to.rows<{ seeded_as: string }>(
    sql`select seeded_as from users where email = ${'admin@example.com'}`,
  )
  assert.equal(admin?.seeded_as, 'demo', 'production still knows that the password is public')
})
