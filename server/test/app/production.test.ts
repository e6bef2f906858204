import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startServer } from '../support/server.ts'
import { startProcess } from '../support/server-process.ts'
import { emptyDatabaseUrl, onPostgres, temporaryFolder } from '../support/test-database.ts'

const production = async () => ({
  NODE_ENV: 'production',
  REQUIRE_HTTPS: 'off',
  JWT_SECRET_KEY: randomBytes(64).toString('hex'),
  ...(onPostgres && { DATABASE_URL: await emptyDatabaseUrl() }),
})

test('in production SIGUSR1 opens no debugger', async () => {
  const server = await startProcess({ environment: await production() })
  process.kill(server.pid, 'SIGUSR1')
  assert.equal((await server.get('/health')).status, 200)
  assert.equal(await server.end('SIGTERM'), 0)
  assert.doesNotMatch(server.output(), /Debugger/)
})

test('a production start names the files that every user of the machine can read', async () => {
  const folder = temporaryFolder()
  const { JWT_SECRET_KEY, ...environment } = await production()
  const secretFile = join(folder, 'jwt-secret')
  writeFileSync(secretFile, JWT_SECRET_KEY, { mode: 0o600 })
  writeFileSync(join(folder, '.env'), 'LOG_LEVEL=info\n', { mode: 0o600 })
  const start = async () => {
    const server = await startProcess({ folder, environment: { ...environment, JWT_SECRET_KEY_FILE: secretFile } })
    await server.end('SIGTERM')
    return [...server.output().matchAll(/can read (\S+); run: chmod o-rwx \1/g)].map(([, file]) => file)
  }
  assert.deepEqual(await start(), [])
  const files = ['.env', secretFile, ...(onPostgres ? [] : ['data/tessera.db'])]
  for (const file of files) chmodSync(join(file.startsWith('/') ? '' : folder, file), 0o644)
  assert.deepEqual(await start(), files)
})

test('a second server on one SQLite file says so; after the first has stopped, the next one does not', {
  skip: onPostgres && 'of SQLite',
}, async () => {
  const warned = (server: { logs: Record<string, unknown>[] }) =>
    server.logs.some(({ msg }) => String(msg).startsWith('another server serves this SQLite file'))
  const first = await startServer()
  const second = await startServer({ DATABASE_URL: first.databaseUrl })
  assert.deepEqual([warned(first), warned(second)], [false, true])
  const folder = temporaryFolder()
  const killed = await startProcess({ folder })
  await killed.end('SIGKILL')
  const next = await startProcess({ folder })
  assert.doesNotMatch(next.output(), /another server serves/)
  assert.match((await startProcess({ folder })).output(), /another server serves/)
})
