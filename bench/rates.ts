// How many requests a second one server process answers here: `npm run bench [-- seconds]`.
// The server and this load generator share the machine's cores, so the figures are a lower bound.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { startServer } from './start-server.ts'

const SECONDS = Number(process.argv[2] ?? 5)
const CLIENTS = 32
const JOHN = '123e4567-e89b-12d3-a456-426614174000'
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })

interface Tokens {
  access_token: string
  refresh_token: string
}

function ask(url: string, body?: unknown, bearer?: string): Promise<{ status: number; body: Tokens }> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const headers: Record<string, string> = { ...(text && { 'content-type': 'application/json' }) }
  if (bearer) headers['authorization'] = `Bearer ${bearer}`
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method: text ? 'POST' : 'GET', headers }, (response) => {
      let received = ''
      response.on('data', (chunk) => {
        received += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(received) }))
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

/** Repeats each client's step for some seconds; prints answers a second and the slowest of a hundred. */
async function measure(name: string, steps: (() => Promise<void>)[]): Promise<void> {
  const times: number[] = []
  const end = performance.now() + SECONDS * 1000
  await Promise.all(
    steps.map(async (step) => {
      while (performance.now() < end) {
        const began = performance.now()
        await step()
        times.push(performance.now() - began)
      }
    }),
  )
  times.sort((a, b) => a - b)
  const p99 = times[Math.floor(times.length * 0.99)] ?? 0
  process.stdout.write(`| ${name} | ${Math.round(times.length / SECONDS)} | ${p99.toFixed(1)} |\n`)
}

function expectOk(answer: { status: number; body: Tokens }): Tokens {
  if (answer.status !== 200) throw new Error(`answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

async function bench(name: string, settings: Record<string, string>): Promise<void> {
  const { url, child, folder } = await startServer(settings)
  const clients = Array.from({ length: CLIENTS })
  const credentials = { email: 'admin@example.com', password: 'password123' }
  const logins = await Promise.all(
    clients.map(async () => expectOk(await ask(`${url}/api/v1/auth/login`, credentials))),
  )
  const pairs = await Promise.all(
    clients.map(async () => expectOk(await ask(`${url}/auth/token`, { auth: { user_guid: JOHN } }))),
  )
  await measure(
    `\`GET /api/v1/auth/me\`, ${name}`,
    logins.map(({ access_token }) => async () => {
      expectOk(await ask(`${url}/api/v1/auth/me`, undefined, access_token))
    }),
  )
  await measure(
    `\`POST /api/v1/auth/refresh\`, rotating, ${name}`,
    logins.map((tokens) => async () => {
      Object.assign(tokens, expectOk(await ask(`${url}/api/v1/auth/refresh`, { refresh_token: tokens.refresh_token })))
    }),
  )
  await measure(
    `\`POST /auth/refresh\` (pairs), ${name}`,
    pairs.map((pair) => async () => {
      Object.assign(pair, expectOk(await ask(`${url}/auth/refresh`, { auth: pair })))
    }),
  )
  child.kill('SIGTERM')
  await once(child, 'close')
  rmSync(folder, { recursive: true })
}

process.stdout.write(`| ${CLIENTS} clients, ${SECONDS} s each | answers/s | p99 ms |\n|---|---|---|\n`)
await bench('SQLite', {})
const databaseUrl = process.env['TEST_DATABASE_URL']
if (databaseUrl) await bench('PostgreSQL', { DATABASE_URL: databaseUrl })
else process.stdout.write('PostgreSQL skipped: set TEST_DATABASE_URL to an empty database.\n')
agent.destroy()
