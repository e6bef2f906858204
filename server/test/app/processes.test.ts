import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { emptyDatabaseUrl, onPostgres } from '../support/test-database.ts'

const skip = !onPostgres && 'needs PostgreSQL'
const credentials = { email: 'admin@example.com', password: 'password123' }

async function startTwo() {
  const environment = { DATABASE_URL: await emptyDatabaseUrl(), WEB_CONCURRENCY: '2' }
  const server = await startProcess({ environment })
  const children = () =>
    readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  const count = (text: string) => server.output().split(text).length - 1
  const listening = async (times: number) => {
    while (count('Tessera is listening') < times) await sleep(20)
  }
  await listening(2)
  return { ...server, children, count, listening }
}

test('several processes serve one port, and stopping the parent stops them all', { skip }, async () => {
  const server = await startTwo()
  assert.equal(server.children().length, 2)
  assert.equal(server.count('An empty database gets demo users'), 1)
  const answers = await Promise.all(Array.from({ length: 8 }, () => server.post('/api/v1/auth/login', credentials)))
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
  const children = server.children()
  assert.equal(await server.end('SIGTERM'), 0)
  for (const child of children) assert.throws(() => process.kill(child, 0), /ESRCH/)
})

test('a process that dies is replaced, and the others continue to serve meanwhile', { skip }, async () => {
  const server = await startTwo()
  const [first = 0, second = 0] = server.children()
  process.kill(first, 'SIGKILL')
  while (server.count('a process died and will be replaced') === 0) await sleep(5)
  assert.deepEqual(server.children(), [second])
  assert.equal((await server.get('/ready')).status, 200)
  await server.listening(3)
  const [kept, replacement] = server.children()
  assert.equal(kept, second)
  assert.ok(replacement)
  assert.equal(await server.end('SIGINT'), 0)
})

test('no process outlives a killed parent', { skip }, async () => {
  const server = await startTwo()
  const children = server.children()
  await server.end('SIGKILL')
  for (const child of children) {
    while (isAlive(child)) await sleep(20)
  }
})

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('a reason that prevents the start is printed once', { skip }, async () => {
  const url = new URL(await emptyDatabaseUrl())
  url.port = '1'
  const { code, output } = await runToEnd(['start'], {
    environment: { DATABASE_URL: url.href, WEB_CONCURRENCY: '4' },
  })
  assert.equal(code, 1)
  assert.match(output, /^tessera: The database cannot be used: .*\n$/)
})

test('a start of several processes on a SQLite file is refused', async () => {
  const { code, output } = await runToEnd(['start'], {
    environment: { DATABASE_URL: 'sqlite:a.db', WEB_CONCURRENCY: '2' },
  })
  assert.equal(code, 1)
  assert.match(output, /^tessera: WEB_CONCURRENCY=2 needs PostgreSQL, .*\n$/)
})
