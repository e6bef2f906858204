// Measures, as a part of `npm run bench`, the time from a logout at Tessera to the first 401 of a service with tessera-verify.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import { freePort } from '../harness/free-port.ts'
import { quantile } from '../harness/statistics.ts'
import { createVerifier, type RevocationOptions } from '../verify/src/create-verifier.ts'
import { authenticate } from '../verify/src/express.ts'
import { startServer } from './load/start-server.ts'

const LOGOUTS = 50
const ASK_INTERVAL_MILLISECONDS = 5
const GIVE_UP_MILLISECONDS = 60_000
const SERVICE_KEY = 'a-service-key-of-the-benchmark-alone'
const USER = { email: 'bench@example.com', password: 'correct horse battery' }
const REVOCATION_OPTIONS: [string, RevocationOptions][] = [
  ['a held request, with a service key', { serviceKey: SERVICE_KEY }],
  ['a request each second', {}],
]

async function post(url: string, body: object): Promise<Record<string, string>> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status} ${await answer.text()}`)
  return answer.json() as Promise<Record<string, string>>
}

/** Starts an API whose only route needs a token. */
async function startApi(issuer: string, revocations: RevocationOptions) {
  const verifier = createVerifier({ issuer, audience: 'orders', revocations: { whenStale: 'reject', ...revocations } })
  const app = express()
  app.get('/orders', authenticate(verifier), (_request, response) => void response.json({}))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`
  const statusOf = async (token: string) => {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    await answer.text()
    return answer.status
  }
  const close = () => {
    verifier.close()
    server.close()
  }
  return { statusOf, close }
}

/** Logs in, uses the token, logs out at a random moment, and asks until the token is refused; returns the milliseconds. */
async function measureLogout(tessera: string, statusOf: (token: string) => Promise<number>): Promise<number> {
  const { access_token = '', refresh_token } = await post(`${tessera}/api/v1/auth/login`, USER)
  if ((await statusOf(access_token)) !== 200) throw new Error('the service refused a good token')
  await sleep(Math.random() * 1000)
  await post(`${tessera}/api/v1/auth/logout`, { refresh_token })
  const answeredAt = performance.now()
  while ((await statusOf(access_token)) !== 401) {
    if (performance.now() - answeredAt > GIVE_UP_MILLISECONDS) throw new Error('the logout was not heard of')
    await sleep(ASK_INTERVAL_MILLISECONDS)
  }
  return performance.now() - answeredAt
}

/** Prints how long a token is good elsewhere after its session ended, for both ways of following the list. */
export async function measureRevocations(print: (line: string) => void): Promise<void> {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const { child, folder } = await startServer({
    ...{ PORT: String(port), PUBLIC_URL: issuer, JWT_ALGORITHM: 'ES256', JWT_AUDIENCE: 'orders' },
    ...{ SERVICE_KEYS: `bench:revocations:${SERVICE_KEY}`, PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '4' },
  })
  await post(`${issuer}/api/v1/users/sign_up`, { user: USER })
  print(`\n| ${LOGOUTS} logouts, from the answer to a 401 elsewhere, ms | p50 | p99 |`)
  print('|---|---|---|')
  for (const [label, options] of REVOCATION_OPTIONS) {
    const api = await startApi(issuer, options)
    const times: number[] = []
    for (let count = 0; count < LOGOUTS; count++) times.push(await measureLogout(issuer, api.statusOf))
    api.close()
    const cells = [0.5, 0.99].map((share) => Math.round(quantile(times, share)))
    print(`| ${label} | ${cells.join(' | ')} |`)
  }
  child.kill('SIGTERM')
  await once(child, 'close')
  rmSync(folder, { recursive: true })
}
