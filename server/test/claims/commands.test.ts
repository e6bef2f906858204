import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { decodeClaims, logIn, logInNewUser, me, signUp } from '../support/users.ts'

function fileOf(name: string, text: string): string {
  const file = join(temporaryFolder(), name)
  writeFileSync(file, text)
  return file
}

test('set-claims replaces the claims of a user, and show, list and export have them', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { user, access_token } = await logInNewUser(server)
  const set = (json: string) => tessera(`users set-claims ${user.email} ${json}`)
  assert.match((await set('{"plan":"gold","groups":["a"]}')).output, /^Changed the claims of .*access tokens have them/)
  assert.match((await set('{"plan":"gold","groups":["a"]}')).output, /already has these claims/)
  const shown = await tessera(`users show ${user.id} --json`)
  assert.deepEqual(parseJsonLines(shown.output)[0].claims, { plan: 'gold', groups: ['a'] })
  assert.match((await tessera(`users show ${user.id}`)).output, /Claims of access tokens:\n\{"plan": ?"gold"|"groups"/)
  const exported = parseJsonLines((await tessera('users export')).output).find(({ id }) => id === user.id)
  assert.deepEqual(exported.claims, { plan: 'gold', groups: ['a'] })
  const profile = (await me(server, access_token)).body.user
  assert.equal('claims' in profile, false, 'the documented members stay')
  const cleared = parseJsonLines((await tessera(`users set-claims ${user.id} {} --json`)).output)
  assert.deepEqual(cleared, [{ id: user.id, email: user.email, changed: true, claims: {} }])
})

test('claims that may not be are refused in one line, and nothing changes', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const user = await signUp(server)
  const cases: [string, RegExp][] = [
    ['{"sub":"x"}', /^tessera: The claims are refused: "sub" is a reserved name\.\n$/],
    ['{"a":{"__proto__":{}}}', /^tessera: The claims are refused: "__proto__" is an unsafe name\.\n$/],
    [`{"a":"${'ж'.repeat(600)}"}`, /^tessera: The claims are too large \(maximum is 1024 bytes .*\)\.\n$/],
    ['[]', /^tessera: The claims must be a JSON object\.\n$/],
    ['{plan:gold}', /^tessera: The claims are not valid JSON; .*\n$/],
    ['{"a":"\\u0000"}', /^tessera: The claims are refused: "a" has a NUL character\.\n$/],
  ]
  for (const [json, sentence] of cases) {
    const { code, output } = await tessera(`users set-claims ${user.id} ${json}`)
    assert.deepEqual([code, sentence.test(output)], [1, true], output)
  }
  assert.deepEqual(parseJsonLines((await tessera(`users show ${user.id} --json`)).output)[0].claims, {})
})

test('import and export carry claims, as JSON lines and as CSV', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const digest = '$2b$04$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu'
  const lines = [
    { email: 'object@example.com', claims: { plan: 'gold', a: { b: [1] } } },
    { email: 'text@example.com', claims: '{"plan":"text, with a comma"}' },
    { email: 'none@example.com', password_digest: digest },
  ]
  const file = fileOf('users.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  assert.match((await tessera(`users import ${file}`)).output, /^Imported 3 users\.\n/)
  for (const [name, options] of [
    ['copy.jsonl', ''],
    ['copy.csv', ' --csv'],
  ] as const) {
    const copy = fileOf(name, (await tessera(`users export${options}`)).output)
    const other = tesseraCli({ databaseUrl: (await startServer()).databaseUrl })
    await other('users delete admin@example.com --yes')
    const { output, code } = await other(`users import ${copy} --skip-invalid`)
    assert.equal(code, 0, output)
    const users = parseJsonLines((await other('users list --json')).output)
    const claims = Object.fromEntries(users.map((user) => [user.email, user.claims]))
    assert.deepEqual(claims['object@example.com'], { plan: 'gold', a: { b: [1] } }, name)
    assert.deepEqual(claims['text@example.com'], { plan: 'text, with a comma' }, name)
    assert.deepEqual(claims['none@example.com'], {}, name)
  }
})

test('an import names each line whose claims may not be, and writes nothing', async () => {
  const server = await startServer()
  const bad = ['{"exp":1}', '"[]"', '"no JSON"', '7', `{"a":"${'x'.repeat(1100)}"}`, '{"constructor":{}}']
  const file = fileOf(
    'bad.jsonl',
    bad.map((claims, at) => `{"email":"u${at}@example.com","claims":${claims}}\n`).join(''),
  )
  const { code, output } = await tesseraCli(server)(`users import ${file}`)
  assert.equal(code, 1)
  for (const [at, reason] of [
    '"exp" is',
    'must be',
    'are not valid',
    'must be',
    'are too large',
    '"constructor" is',
  ].entries())
    assert.ok(output.split('\n')[at]?.startsWith(`Line ${at + 1}: Claims `) && output.includes(reason), output)
})

test('an imported user signs in with their claims', async () => {
  const server = await startServer()
  const { user } = await logInNewUser(server)
  const tessera = tesseraCli(server)
  const [row] = parseJsonLines((await tessera('users export')).output).filter(({ id }) => id === user.id)
  const { id: _, guid: __, ...rest } = row
  const line = JSON.stringify({ ...rest, email: 'moved@example.com', claims: { plan: 'moved' } })
  assert.equal((await tessera(`users import ${fileOf('one.jsonl', `${line}\n`)}`)).code, 0)
  assert.equal(decodeClaims((await logIn(server, 'moved@example.com')).access_token)['plan'], 'moved')
})
