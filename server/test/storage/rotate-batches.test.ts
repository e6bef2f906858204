import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { createDatabase, mayNotCreate } from '../support/own-database.ts'
import { type ServerProcess, startProcess } from '../support/server-process.ts'
import { openDatabase } from '../support/test-database.ts'
import { PASSWORD } from '../support/users.ts'

const USERS = 8
const SESSIONS = 3
const ROUNDS = 8

const shuffled = <T>(items: readonly T[]) =>
  items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)

const refresh = (server: ServerProcess, refresh_token: string) =>
  server.post('/api/v1/auth/refresh', { refresh_token }, { 'idempotency-key': randomUUID() })

async function logIn(server: ServerProcess, email: string): Promise<string> {
  return (await server.post('/api/v1/auth/login', { email, password: PASSWORD })).body.refresh_token
}

test('batches of two processes with shared sessions cause no deadlock and no second successor, whatever ends sessions', {
  skip: mayNotCreate,
}, async () => {
  const databaseUrl = await createDatabase()
  const environment = {
    ...{ DATABASE_URL: databaseUrl, JWT_SECRET_KEY: 'the secret of two processes', LOG_LEVEL: 'info' },
    ...{ RATE_LIMIT: 'off', REFRESH_TOKEN_ROTATION: 'strict', PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '4' },
  }
  const servers = [await startProcess({ environment }), await startProcess({ environment })] as const
  const emails = Array.from({ length: USERS }, () => `${randomUUID()}@example.com`)
  for (const email of emails) await servers[0].post('/api/v1/users/sign_up', { user: { email, password: PASSWORD } })
  const chains: { email: string; token: string }[] = []
  for (const email of emails)
    for (let n = 0; n < SESSIONS; n++) chains.push({ email, token: await logIn(servers[0], email) })

  for (let round = 0; round < ROUNDS; round++) {
    const ended = emails[round % USERS]
    const asked = shuffled(servers.flatMap((server) => chains.map((chain) => ({ server, chain }))))
    const answers = await Promise.all(
      asked.map(async ({ server, chain }) => ({ chain, answer: await refresh(server, chain.token) })),
    )
    for (const chain of chains) {
      const own = answers.filter((each) => each.chain === chain)
      for (const { answer } of own) assert.equal(answer.status, 200, answer.text)
      const successors = new Set(own.map(({ answer }) => answer.body.refresh_token))
      assert.equal(successors.size, 1)
      chain.token = [...successors][0]
    }
    // Ends of several sessions race the rotations of the same sessions on both processes.
    const theirs = chains.filter(({ email }) => email === ended)
    const racing = shuffled(servers.flatMap((server) => chains.map(({ token }) => refresh(server, token))))
    const end = servers[round % 2]?.post('/api/v1/auth/logout', { refresh_token: theirs[0]?.token, scope: 'all' })
    for (const answer of await Promise.all([...racing, end]))
      assert.ok([200, 401].includes(answer?.status ?? 0), answer?.text)
    for (const chain of chains) chain.token = await logIn(servers[1], chain.email)
  }
  for (const server of servers) await server.end('SIGTERM') // their connections count what they met when they close
  const db = await openDatabase(databaseUrl)
  const [met] = await db.query<{ deadlocks: number }>(sql`
    select deadlocks from pg_stat_database where datname = current_database()`)
  assert.equal(met?.deadlocks, 0)
  const forks = await db.query(sql`
    select session_id from refresh_tokens group by session_id
    having count(*) > 2 or count(*) filter (where used_at is null) <> 1`)
  assert.equal(forks.length, 0)
})
