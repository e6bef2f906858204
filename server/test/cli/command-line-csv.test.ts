import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { temporaryFolder } from '../support/test-database.ts'

const DIGEST = '$2a$04$Y0mBWPkkdxc3WN1LDX9LJOtx00f/7F8.qE2psZtPoSq0wDNSaJzP2'

function fileOf(text: string): string {
  const file = join(temporaryFolder(), 'users.csv')
  writeFileSync(file, text)
  return file
}

test('users are imported from CSV with quoted fields, a byte order mark and any line ends, and log in', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const rows = [
    '\ufeffID, Email ,password_digest,first_name,last_name,created_at,remember_token,',
    `501,Csv.Ann@Example.com,${DIGEST},"Ann ""the Cat""","Lee, Jr.",2024-01-01 00:00:00.5+02,"a`,
    'b",',
    '',
    `502,bob@example.com,"${DIGEST}",,Боб,,,`,
    ',,,,,,,',
  ]
  const { output } = await tessera(`users import ${fileOf(rows.join('\r\n'))}`)
  assert.equal(output, 'Imported 2 users.\n')
  const shown = async (user: string) => parseJsonLines((await tessera(`users show ${user} --json`)).output)[0]
  const ann = await shown('501')
  assert.deepEqual(
    [ann.email, ann.first_name, ann.last_name, ann.created_at],
    ['csv.ann@example.com', 'Ann "the Cat"', 'Lee, Jr.', '2023-12-31T22:00:00.500Z'],
  )
  const bob = await shown('502')
  assert.deepEqual([bob.first_name, bob.last_name, bob.role], [null, 'Боб', 'user'])
  const login = await server.post('/api/v1/auth/login', { email: 'bob@example.com', password: 'a rails password' })
  assert.equal(login.status, 200)
  const piped = await tessera('users import - --csv', 'email\nlast@example.com')
  assert.equal(piped.output, 'Imported 1 user.\n')
})

test('every bad line of a CSV file is named by its number, and the rejects can be imported after a correction', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const file = fileOf(
    'email,first_name\na@example.com,"two\nlines"\nx,Ann\n\nb@example.com\nc@example.com,Cat\n,Dan\nd@example.com,D,E\n',
  )
  const { code, output } = await tessera(`users import ${file}`)
  assert.equal(code, 1)
  assert.deepEqual(output.split('\n').slice(0, 6), [
    'Line 2: First name is invalid.',
    'Line 4: Email is invalid.',
    'Line 6 has 1 field, and the header row has 2.',
    "Line 8: Email can't be blank.",
    'Line 9 has 3 fields, and the header row has 2.',
    'tessera: 5 lines are bad. No users were imported. --skip-invalid imports the others.',
  ])
  const rejects = join(temporaryFolder(), 'bad.csv')
  const skipped = await tessera(`users import ${file} --skip-invalid --rejects ${rejects}`)
  assert.equal(skipped.output, 'Imported 1 user. Skipped 5 bad lines.\n')
  const kept = readFileSync(rejects, 'utf8')
  assert.equal(kept, 'email,first_name\na@example.com,"two\nlines"\nx,Ann\nb@example.com\n,Dan\nd@example.com,D,E\n')
  const corrected = 'email,first_name\nx@example.com,Ann\n'
  writeFileSync(rejects, corrected)
  assert.equal((await tessera(`users import ${rejects}`)).output, 'Imported 1 user.\n')
})

test('a CSV file that cannot be read is refused with the line and the reason, and nothing is written', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const refused: [string, RegExp][] = [
    ['', /^tessera: Standard input is empty\. No users/],
    ['email\n', /^tessera: Standard input is empty\. No users/],
    ['mail,name\na@example.com,x\n', /^tessera: The header row has no field "email": .* separated by commas\./],
    ['email;name\na@example.com;x\n', /^tessera: The header row has no field "email"/],
    ['email,name,Name\n', /^tessera: The header row names the field "name" twice\./],
    [
      'email,name\na@example.com,"x\nb@example.com,y\n',
      /^tessera: A quote in the row that begins on line 2 is never closed\./,
    ],
    ['email,name\na@example.com,x"y"\n', /^tessera: Line 2 has a quote in a wrong place: /],
    ['email,name\na@example.com,"x"y\n', /^tessera: Line 2 has a quote in a wrong place: /],
    [
      `email,name\na@example.com,"${'x'.repeat(1_000_001)}`,
      /^tessera: The row that begins on line 2 is too long, or a quote/,
    ],
  ]
  for (const [input, expected] of refused) {
    const { code, output } = await tessera('users import - --csv', input)
    assert.match(output, expected)
    assert.match(output, / No users were imported\.\n$/)
    assert.equal(code, 1)
  }
  assert.equal((await server.rows(sql`select id from users where email = ${'a@example.com'}`)).length, 0)
})

test('users exported as CSV can be imported elsewhere, whatever is in their names', async () => {
  const [from, to] = [await startServer(), await startServer()]
  const user = {
    id: 700,
    email: 'out@example.com',
    password_digest: DIGEST,
    first_name: '"=A", б',
    last_name: "O'Neil",
  }
  await tesseraCli(from)('users import -', JSON.stringify(user))
  await from.rows(sql`delete from users where id < ${700} returning id`)
  const { output } = await tesseraCli(from)('users export --csv')
  assert.match(output, /^id,guid,email,/)
  assert.equal((await tesseraCli(to)('users import - --csv', output)).output, 'Imported 1 user.\n')
  const [before] = await from.rows(sql`select * from users`)
  const [after] = await to.rows(sql`select * from users where id = ${700}`)
  assert.deepEqual(after, before)
})
