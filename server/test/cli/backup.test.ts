import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { claimMoving } from '../../src/storage/drivers/sqlite-serving.ts'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { onPostgres, temporaryFolder } from '../support/test-database.ts'

const skip = onPostgres && 'of SQLite'
const environment = { DATABASE_URL: 'sqlite:tessera.db', RATE_LIMIT: 'off' }
const user = (n: number) => ({ email: `user-${n}@example.com`, password: 'a correct horse' })

test('a backup of a server under load has everything that was acknowledged before, and only its owner can read it', {
  skip,
}, async () => {
  const folder = temporaryFolder()
  const server = await startProcess({ folder, environment })
  for (let n = 0; n < 10; n++) await server.post('/api/v1/users/sign_up', { user: user(n) })
  const load = Array.from({ length: 20 }, (_, n) => server.post('/api/v1/users/sign_up', { user: user(100 + n) }))
  const { code, output } = await runToEnd(['backup', 'copy.db'], { folder, environment })
  assert.equal(code, 0, output)
  for (const answer of await Promise.all(load)) assert.equal(answer.status, 200)
  assert.equal(statSync(join(folder, 'copy.db')).mode & 0o777, 0o600)
  const copy = new DatabaseSync(join(folder, 'copy.db'), { readOnly: true })
  const row = copy.prepare("select count(*) as users from users where email like 'user-_@example.com'").get()
  copy.close()
  assert.equal(row?.['users'], 10)
  const again = await runToEnd(['backup', 'copy.db'], { folder, environment })
  assert.deepEqual([again.code, /copy\.db exists already/.test(again.output)], [1, true])
  assert.ok(!readdirSync(folder).some((name) => name.includes('incomplete')))
})

test('a restore is refused while a server runs', { skip }, async () => {
  const folder = temporaryFolder()
  const server = await startProcess({ folder, environment })
  assert.equal((await runToEnd(['backup', 'copy.db'], { folder, environment })).code, 0)
  const { code, output } = await runToEnd(['restore', 'copy.db', '--yes'], { folder, environment })
  assert.equal(code, 1)
  assert.match(output, /^tessera: A server is running on tessera\.db; stop it first\. Nothing was restored\.\n$/)
  assert.equal((await server.get('/ready')).status, 200)
})

test('a restore is refused while a move reads the file', { skip }, async () => {
  const folder = temporaryFolder()
  assert.equal((await runToEnd(['migrate'], { folder, environment })).code, 0)
  assert.equal((await runToEnd(['backup', 'copy.db'], { folder, environment })).code, 0)
  const move = claimMoving(join(folder, 'tessera.db'))
  const refused = await runToEnd(['restore', 'copy.db', '--yes'], { folder, environment })
  assert.equal(refused.code, 1)
  assert.match(refused.output, /^tessera: A move of tessera\.db is running; stop it with Ctrl-C first\. Nothing was/)
  move.release()
  assert.equal((await runToEnd(['restore', 'copy.db', '--yes'], { folder, environment })).code, 0)
})

test('a restore after a crash leaves the old log of changes behind, ends all sessions, and keeps the former database', {
  skip,
}, async () => {
  const folder = temporaryFolder()
  const server = await startProcess({ folder, environment })
  await server.post('/api/v1/users/sign_up', { user: user(1) })
  const { refresh_token } = (await server.post('/api/v1/auth/login', user(1))).body
  assert.equal((await runToEnd(['backup', 'copy.db'], { folder, environment })).code, 0)
  for (let n = 2; n < 30; n++) await server.post('/api/v1/users/sign_up', { user: user(n) })
  await server.end('SIGKILL')
  assert.ok(statSync(join(folder, 'tessera.db-wal')).size > 0)
  const { code, output } = await runToEnd(['restore', 'copy.db', '--yes'], { folder, environment })
  assert.equal(code, 0, output)
  assert.match(output, /^Restored copy\.db, and ended 1 session\.\nThe former database is (\S+); delete it/)
  const former = /former database is (\S+);/.exec(output)?.[1] ?? ''
  const restored = await startProcess({ folder, environment })
  assert.equal((await restored.post('/api/v1/auth/refresh', { refresh_token })).status, 401)
  assert.equal((await restored.post('/api/v1/auth/login', user(1))).status, 200)
  assert.equal((await restored.post('/api/v1/auth/login', user(20))).status, 401)
  await restored.end('SIGTERM')
  const files = [new DatabaseSync(join(folder, 'tessera.db')), new DatabaseSync(join(folder, former))]
  const counts = files.map(
    (db) => db.prepare('select count(*) as n from users where email like ?').get('user-%')?.['n'],
  )
  assert.deepEqual(counts, [1, 29])
  for (const db of files) {
    assert.equal(db.prepare('pragma integrity_check').get()?.['integrity_check'], 'ok')
    db.close()
  }
})

test('what is no sound backup is refused, and nothing changes', { skip }, async () => {
  const folder = temporaryFolder()
  assert.equal((await runToEnd(['migrate'], { folder, environment })).code, 0)
  writeFileSync(join(folder, 'text.db'), 'no database, and longer than a hundred bytes. '.repeat(20))
  copyFileSync(join(folder, 'tessera.db'), join(folder, 'cut.db'))
  const bytes = statSync(join(folder, 'cut.db')).size
  writeFileSync(join(folder, 'cut.db'), Buffer.alloc(bytes / 2, 'x'), { flag: 'r+' })
  new DatabaseSync(join(folder, 'other.db')).exec('create table other (id integer)')
  for (const file of ['text.db', 'cut.db', 'other.db', 'missing.db']) {
    const { code, output } = await runToEnd(['restore', file, '--yes'], { folder, environment })
    assert.equal(code, 1, output)
    assert.match(output, /is not a sound database of Tessera|There is no file missing\.db/, file)
  }
  assert.ok(existsSync(join(folder, 'tessera.db')))
  assert.equal((await runToEnd(['migrate', '--check'], { folder, environment })).code, 0)
})

test('with PostgreSQL both commands name the programs to use', { skip: !onPostgres && 'of PostgreSQL' }, async () => {
  const settings = { DATABASE_URL: process.env['TEST_DATABASE_URL'] ?? '' }
  for (const [command, sentence] of [
    ['backup', /pg_dump/],
    ['restore', /sessions end --all/],
  ] as const) {
    const { code, output } = await runToEnd([command, 'x.db'], { environment: settings })
    assert.equal(code, 1)
    assert.match(output, sentence)
  }
})

test('a restore out of maintenance names the signing keys that are good again', { skip }, async () => {
  const folder = temporaryFolder()
  const tessera = (...args: string[]) => runToEnd(args, { folder, environment })
  assert.equal((await tessera('migrate')).code, 0)
  const db = new DatabaseSync(join(folder, 'tessera.db'))
  const insert = db.prepare(`
    insert into signing_keys (kid, algorithm, sequence, public_jwk, private_key, sealed_by, created_at)
    values (?, 'ES256', ?, '{}', '', '', '2026-01-01T00:00:00.000Z')`)
  insert.run('compromised', 1)
  insert.run('good', 2)
  assert.equal((await tessera('maintenance', 'on')).code, 0)
  assert.equal((await tessera('backup', 'copy.db')).code, 0)
  db.exec("update signing_keys set retired_at = '2026-01-02T00:00:00.000Z' where kid = 'compromised'")
  db.close()
  const { code, output } = await tessera('restore', 'copy.db', '--yes')
  assert.equal(code, 0, output)
  assert.match(
    output,
    /are good again\. Before you start a server, refuse them:\n {2}tessera keys retire compromised --now\n$/,
  )
  assert.match((await tessera('maintenance')).output, /^Maintenance is off/)
})
