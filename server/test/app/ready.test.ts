import assert from 'node:assert/strict'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { administer, createDatabase, mayNotCreate } from '../support/own-database.ts'
import { startServer } from '../support/server.ts'
import { startProcess } from '../support/server-process.ts'
import { onPostgres, temporaryFolder } from '../support/test-database.ts'
import { logInNewUser, me, PASSWORD } from '../support/users.ts'

test('a database that can only be read is not ready, although reads go on, and is ready again afterwards', {
  skip: mayNotCreate,
}, async () => {
  const url = await createDatabase()
  const name = new URL(url).pathname.slice(1)
  const setReadOnly = (value: string) =>
    administer(
      `alter database ${name} set default_transaction_read_only = ${value}`,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    )
  const server = await startServer({ DATABASE_URL: url })
  const { access_token } = await logInNewUser(server)
  assert.equal((await server.get('/ready')).status, 200)
  await setReadOnly('on')
  await server.get('/ready') // on a connection that was ended
  server.advanceClock({ seconds: 6 })
  for (let probe = 0; probe < 3; probe++) {
    const answer = await server.get('/ready')
    assert.equal(answer.status, 503, answer.text)
    server.advanceClock({ seconds: 1 })
  }
  assert.equal((await me(server, access_token)).status, 200)
  await setReadOnly('off')
  await server.get('/api/v1/auth/me', { bearer: access_token })
  server.advanceClock({ seconds: 2 })
  await server.get('/ready')
  server.advanceClock({ seconds: 2 })
  assert.equal((await server.get('/ready')).status, 200)
})

test('a full disk is not ready, also when no request writes', {
  skip: onPostgres && 'needs a SQLite file',
}, async () => {
  const user = { email: 'ann@example.com', password: 'a correct horse' }
  const server = await startProcess({ shell: "trap '' XFSZ; ulimit -f 1300", environment: { RATE_LIMIT: 'off' } })
  assert.equal((await server.get('/ready')).status, 200)
  assert.equal((await server.post('/api/v1/users/sign_up', { user })).status, 200)
  let status = 200
  for (let n = 0; n < 1300 && status === 200; n++) status = (await server.post('/api/v1/auth/login', user)).status
  assert.equal(status, 503)
  while ((await server.get('/ready')).status === 200); // within five seconds
})

test('a damaged SQLite file is an error in the log, is not ready, and promises no recovery soon', {
  skip: onPostgres && 'needs a SQLite file',
}, async () => {
  const file = join(temporaryFolder(), 'tessera.db')
  const before = await startServer({ DATABASE_URL: `sqlite:${file}` })
  const { user } = await logInNewUser(before)
  await before.close()
  damage(file, 'sessions')
  const server = await startServer({ DATABASE_URL: `sqlite:${file}` })
  assert.equal((await server.get('/ready')).status, 200)
  const login = await server.post('/api/v1/auth/login', { email: user.email, password: PASSWORD })
  server.advanceClock({ seconds: 2 })
  for (const answer of [login, await server.get('/ready')]) {
    assert.equal(answer.status, 503, answer.text)
    assert.equal(answer.headers.get('retry-after'), null)
    assert.doesNotMatch(answer.text, /soon/)
  }
  assert.ok(server.logs.some(({ level, msg }) => level === 50 && /restore a backup/.test(String(msg))))
})

/** Overwrites the first page of a table. */
function damage(file: string, table: string): void {
  const db = new DatabaseSync(file)
  db.exec('pragma wal_checkpoint(truncate)')
  const row = db.prepare('select rootpage from sqlite_schema where name = ?').get(table)
  const size = db.prepare('pragma page_size').get()
  db.close()
  const bytes = Number(size?.['page_size'])
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, Buffer.alloc(bytes, 'damage'), 0, bytes, (Number(row?.['rootpage']) - 1) * bytes)
  closeSync(descriptor)
}
