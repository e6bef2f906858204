import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import {
  type ImportInterrupted,
  type ImportLine,
  judgeImport,
  writeImport,
} from '../../src/auth/account/import-users.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { tesseraCli } from '../support/tessera-command.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { signUp } from '../support/users.ts'

const origin = { ip: null, userAgent: 'test' }

/** Lines with the addresses `user-1@example.com` and so on; `before` runs before a line is read. */
async function* linesTo(count: number, before?: (number: number) => Promise<void>): AsyncIterable<ImportLine> {
  for (let number = 1; number <= count; number++) {
    await before?.(number)
    yield { number, user: { id: 10_000 + number, email: `user-${number}@example.com` } }
  }
}

async function countImported(server: TestServer): Promise<number> {
  return (await server.rows(sql`select id from users where id > ${10_000} and email like 'user-%'`)).length
}

function fileOf(lines: readonly string[]): string {
  const file = join(temporaryFolder(), 'users.jsonl')
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

test('every bad line is named, whatever is bad about it, and nothing is written', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { email } = await signUp(server)
  const good = Array.from({ length: 2500 }, (_, at) => `{"email":"good-${at}@example.com"}`)
  const lines = [
    ...good.slice(0, 1200),
    '{"email":',
    '',
    '{"email":"no address"}',
    `{"email":"${email}"}`,
    '{"email":"GOOD-7@example.com"}',
    '{"email":"role@example.com","role":"king"}',
    ...good.slice(1200),
    '{"email":"digest@example.com","password_digest":"x"}',
  ]
  const { code, output } = await tessera(`users import ${fileOf(lines)}`)
  assert.equal(code, 1)
  const named = output.split('\n').filter(Boolean)
  assert.deepEqual(named.slice(0, 5), [
    'Line 1201 is not a JSON object.',
    'Line 1203: Email is invalid.',
    'Line 1204: Email has already been taken.',
    'Line 1205: Email has already been taken.',
    'Line 1206: Role must be user or admin.',
  ])
  assert.match(named[5] ?? '', /^Line 2507: Password digest is not/)
  assert.equal(named[6], 'tessera: 6 lines are bad. No users were imported. --skip-invalid imports the others.')
  assert.equal((await server.rows(sql`select id from users where email like 'good-%'`)).length, 0)
})

test('a dry run judges and writes nothing; --skip-invalid imports the others and keeps the bad lines', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const lines = ['{"email":"a@example.com"}', '{"email":"x"}', 'not JSON', '{"email":"b@example.com"}']
  const file = fileOf(lines)
  const rejects = join(temporaryFolder(), 'bad.jsonl')
  assert.equal((await tessera(`users import ${file} --dry-run`)).code, 1)
  const dry = await tessera(`users import ${file} --dry-run --skip-invalid`)
  assert.equal(dry.output, '4 lines judged, 2 bad. No users were imported.\n')
  assert.match((await tessera(`users import ${file} --rejects x`)).output, /--rejects needs --skip-invalid/)
  const { code, output } = await tessera(`users import ${file} --skip-invalid --rejects ${rejects}`)
  assert.deepEqual([code, output], [0, 'Imported 2 users. Skipped 2 bad lines.\n'])
  assert.equal(readFileSync(rejects, 'utf8'), '{"email":"x"}\nnot JSON\n')
  assert.equal((await tessera(`users import ${fileOf([lines[0] ?? ''])} --dry-run`)).code, 1, 'it is there now')
  const taken = await tessera(`users import ${file} --skip-invalid --rejects ${file}`)
  assert.match(taken.output, /cannot be written to .*: it exists already\. No users were imported\./)
  assert.equal(readFileSync(file, 'utf8'), `${lines.join('\n')}\n`, 'the input is whole')
  const nowhere = await tessera(`users import ${file} --skip-invalid --rejects /nowhere/x`)
  assert.match(nowhere.output, /^tessera: The bad lines cannot be written to \/nowhere\/x: /)
})

test('an import that is interrupted continues with the batch that was not committed', async () => {
  const server = await startServer()
  const verdict = await judgeImport(server.ctx, 'a file', linesTo(2500))
  assert.deepEqual([verdict.lines, verdict.bad, verdict.highestId], [2500, [], 12_500])
  const steal = async (number: number) => {
    if (number === 1500) await signUp(server, 'user-1800@example.com')
  }
  const options = { verdict, origin, onWritten() {} }
  await assert.rejects(writeImport(server.ctx, 'a file', linesTo(2500, steal), options), (error: ImportInterrupted) => {
    assert.match(error.message, /^A user has got the email of a line meanwhile$/)
    assert.equal(error.committedLine, 1000)
    return true
  })
  assert.equal(await countImported(server), 1001, 'a batch, and the sign-up with its id above')
  await server.rows(sql`delete from users where email = ${'user-1800@example.com'} returning id`)
  const again = await judgeImport(server.ctx, 'a file', linesTo(2500))
  assert.deepEqual([again.bad, again.committedLine], [[], 1000])
  assert.equal(await writeImport(server.ctx, 'a file', linesTo(2500), { ...options, verdict: again }), 1500)
  assert.equal(await countImported(server), 2500)
  const anew = await judgeImport(server.ctx, 'a file', linesTo(2500))
  assert.equal(anew.bad.length, 2500, 'a finished import does not continue')
})

test('sign-ups during an import succeed, and get ids above those of the import', async () => {
  const server = await startServer()
  const verdict = await judgeImport(server.ctx, 'a file', linesTo(3000))
  const ids: number[] = []
  const meanwhile = async (number: number) => {
    if (number % 500 === 0) ids.push((await signUp(server)).id)
  }
  await writeImport(server.ctx, 'a file', linesTo(3000, meanwhile), { verdict, origin, onWritten() {} })
  assert.equal(ids.length, 6)
  for (const id of ids) assert.ok(id > 13_000, `${id}`)
  assert.equal(await countImported(server), 3000)
})

test('a line that cannot be one user is refused at once, and a changed line is never written', async () => {
  const server = await startServer()
  const array = `[${'{"email":"a@example.com"},'.repeat(60_000)}{}]`
  const { output } = await tesseraCli(server)(`users import ${fileOf([array])}`)
  assert.match(output, /^tessera: Line 1 is too long: put one JSON object on each line\.\n$/)
  const verdict = await judgeImport(server.ctx, 'a file', linesTo(3))
  async function* changed(): AsyncIterable<ImportLine> {
    yield { number: 1, user: { email: 'changed' } }
  }
  await assert.rejects(
    writeImport(server.ctx, 'a file', changed(), { verdict, origin, onWritten() {} }),
    /Line 1 has changed since it was judged/,
  )
})
