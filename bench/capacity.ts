// Measures what the reckoning in docs/operating/capacity.md starts from: the processor time and the write-ahead log of each
// operation, and the size of each row. It starts a PostgreSQL server of its own, so that no other work is in the figures.
// `npm run bench:capacity -- [--users 100000] [--sessions 10000]`
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import bcrypt from 'bcrypt'
import pg from 'pg'
import { createPostgresCluster } from '../harness/postgres-cluster.ts'
import { KeptConnection } from './load/kept-connection.ts'
import { startServer } from './load/start-server.ts'
import { endedChildrenSeconds, parentOf, processorSeconds } from './machine/process-use.ts'

const { values: options } = parseArgs({
  options: {
    users: { type: 'string', default: '100000' },
    sessions: { type: 'string', default: '10000' },
  },
})
const [USERS, SESSIONS] = [Number(options.users), Number(options.sessions)]
const COST = 4 // the digest of a login is measured apart
const PASSWORD = 'correct horse battery'
const CONNECTIONS = 8
/** As many operations as touch each page once or twice, when they are the first after a checkpoint. */
const COLD = 200
const SIZES = `select relname as name, reltuples::float8 as rows, pg_table_size(c.oid)::float8 as data,
  pg_indexes_size(c.oid)::float8 as indexes from pg_class c join pg_namespace s on s.oid = relnamespace
  where relkind in ('r', 'm') and nspname = 'public' and reltuples > 1000 order by 1`

const print = (line: string) => process.stdout.write(`${line}\n`)

const cluster = await createPostgresCluster({ shared_buffers: '512MB', max_wal_size: '4GB' })
const settings = { DATABASE_URL: cluster.url, PASSWORD_HASH: 'bcrypt', BCRYPT_COST: `${COST}` }
const server = await startServer({ ...settings, REFRESH_TOKEN_ROTATION: 'strict', SESSIONS_PER_USER: '0' })
const database = new pg.Client({ connectionString: cluster.url })
await database.connect()
let connections: KeptConnection[] = []
const serverPid = server.child.pid as number

/** Asks once for each item, on all connections, and returns the bodies of the answers in the order of the items. */
async function ask(path: string, items: readonly object[]): Promise<Record<string, string>[]> {
  const bodies: Record<string, string>[] = []
  let next = 0
  const work = async (connection: KeptConnection) => {
    while (next < items.length) {
      const index = next++
      const item = items[index] as Record<string, string>
      const isRead = 'bearer' in item
      const request = isRead ? item : { body: item }
      let { status, body } = await connection.ask(path, request)
      while (status === 503) ({ status, body } = await connection.ask(path, request)) // other work keeps this machine busy
      if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`)
      bodies[index] = JSON.parse(body)
    }
  }
  await Promise.all(connections.map(work))
  return bodies
}

async function writtenBytes(): Promise<number> {
  const { rows } = await database.query("select (pg_current_wal_insert_lsn() - '0/0')::float8 as bytes")
  return rows[0].bytes
}

/** Returns the processor seconds that the server and PostgreSQL have used, with those of its processes that have ended. */
async function used(): Promise<{ server: number; postgres: number }> {
  const { rows } = await database.query('select pid from pg_stat_activity')
  const live = rows.reduce((sum, { pid }) => sum + allThreads(pid), 0)
  return { server: allThreads(serverPid), postgres: live + endedChildrenSeconds(parentOf(rows[0].pid)) }
}

function allThreads(pid: number): number {
  const { firstThread, otherThreads } = processorSeconds(pid)
  return firstThread + otherThreads
}

/** Prints what each of these requests cost, and returns the answers. */
async function measure(name: string, path: string, items: readonly object[]): Promise<Record<string, string>[]> {
  const [bytes, before] = [await writtenBytes(), await used()]
  const answers = await ask(path, items)
  const after = await used()
  const milliseconds = (part: 'server' | 'postgres') =>
    (((after[part] - before[part]) / items.length) * 1000).toFixed(2)
  const written = Math.round((await writtenBytes()) - bytes) / items.length
  print(
    `| ${name} | ${items.length} | ${milliseconds('server')} | ${milliseconds('postgres')} | ${Math.round(written)} |`,
  )
  return answers
}

const inAnyOrder = <Item>(items: readonly Item[]) => items.toSorted(() => Math.random() - 0.5)
const refreshes = (answers: readonly Record<string, string>[]) =>
  answers.map(({ refresh_token }) => ({ refresh_token }))

await database.query(`insert into users (guid, email, password_digest, role, created_at, updated_at)
  select gen_random_uuid(), 'user' || n || '@example.org', '${bcrypt.hashSync(PASSWORD, COST)}', 'user',
    clock_timestamp(), clock_timestamp() from generate_series(1, ${USERS}) n`)
await database.query('vacuum analyze users')
connections = Array.from({ length: CONNECTIONS }, () => new KeptConnection(server.url))
await database.query('checkpoint')

print('| | requests | server, ms of a core | PostgreSQL, ms of a core | bytes of WAL |\n|---|---|---|---|---|')
const logins = inAnyOrder(
  Array.from({ length: SESSIONS }, (_, n) => ({ email: `user${1 + (n % USERS)}@example.org`, password: PASSWORD })),
)
let sessions = await measure('login, without the digest', '/api/v1/auth/login', logins)
sessions = await measure('refresh', '/api/v1/auth/refresh', refreshes(inAnyOrder(sessions)))
await database.query('checkpoint')
const cold = inAnyOrder(sessions)
const kept = cold.slice(COLD)
await measure(
  'refresh, the first of its pages since a checkpoint',
  '/api/v1/auth/refresh',
  refreshes(cold.slice(0, COLD)),
)
sessions = await measure('refresh, again', '/api/v1/auth/refresh', refreshes(inAnyOrder(kept)))
await measure(
  '`/me`',
  '/api/v1/auth/me',
  sessions.map(({ access_token }) => ({ bearer: access_token })),
)
await database.query('vacuum analyze')
const { rows: sizes } = await database.query(SIZES)
await measure('logout', '/api/v1/auth/logout', refreshes(sessions.slice(0, SESSIONS / 4)))

print('\n| table | rows | bytes of a row, and of its places in indexes |\n|---|---|---|')
for (const { name, rows, data, indexes } of sizes)
  print(`| ${name} | ${rows} | ${Math.round(data / rows)} + ${Math.round(indexes / rows)} |`)

for (const { socket } of connections) socket.destroy()
await database.end()
server.child.kill('SIGTERM')
await once(server.child, 'close')
rmSync(server.folder, { recursive: true })
await cluster.remove()
