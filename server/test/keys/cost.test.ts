import assert from 'node:assert/strict'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import pg from 'pg'
import { decodeHeader, encode } from '../support/keys.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startProcess } from '../support/server-process.ts'
import { onPostgres } from '../support/test-database.ts'
import { logIn, logInNewUser, me, refresh } from '../support/users.ts'

/** Every statement that names the tables of the keys, whatever sends it. */
const sent: string[] = []
const note = (text: string) => {
  if (/signing_k/.test(text)) sent.push(text)
}

if (onPostgres) {
  const query = pg.Client.prototype.query
  pg.Client.prototype.query = function (this: pg.Client, ...given: Parameters<typeof query>) {
    const [first] = given as unknown as [string | { text: string }]
    note(typeof first === 'string' ? first : first.text)
    return query.apply(this, given)
  } as typeof query
} else {
  const { all } = StatementSync.prototype
  StatementSync.prototype.all = function (this: StatementSync, ...values: Parameters<typeof all>) {
    note(this.sourceSQL)
    return all.apply(this, values)
  } as typeof all
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (script) {
    note(script)
    return exec.call(this, script)
  }
}

/** Counts the rounds of reading the keys, each of two statements, that an operation and the background make. */
async function readings(operation: () => Promise<unknown>): Promise<{ count: number; seconds: number }> {
  const [since, before] = [performance.now(), sent.length]
  await operation()
  return { count: (sent.length - before) / 2, seconds: (performance.now() - since) / 1000 }
}

async function flood(server: TestServer, header: (at: number) => object): Promise<void> {
  const body = encode({ sub: 'x' })
  for (let round = 0; round < 12; round++) {
    const tokens = Array.from({ length: 50 }, (_, at) => `${encode(header(round * 50 + at))}.${body}.${'A'.repeat(86)}`)
    for (const answer of await Promise.all(tokens.map((token) => me(server, token)))) assert.equal(answer.status, 401)
  }
}

const unknownKid = (alg: string) => (at: number) => ({ alg, typ: 'JWT', kid: String(at).padStart(43, 'k') })

test('a flood of tokens with unknown ids causes no statement beyond those of every second', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256' })
  for (const alg of ['ES256', 'EdDSA', 'RS256', 'HS256', 'none']) {
    const { count, seconds } = await readings(() => flood(server, unknownKid(alg)))
    assert.ok(count <= seconds + 1, `${alg}: ${count} readings in ${seconds} s`)
  }
  for (const kid of ['short', 'x'.repeat(44), '', 7]) {
    const { count, seconds } = await readings(() => flood(server, () => ({ alg: 'ES256', typ: 'JWT', kid })))
    assert.ok(count <= seconds + 1, `${kid}: ${count}`)
  }
  await server.close()
})

test('a server that signs with the secret sends no statement about keys, and few in a flood', async () => {
  const server = await startServer()
  sent.length = 0
  const login = await logInNewUser(server)
  for (let round = 0; round < 5; round++) await me(server, login.access_token)
  await refresh(server, login.refresh_token)
  await flood(server, unknownKid('HS256'))
  assert.deepEqual(sent, [])
  const { count, seconds } = await readings(() => flood(server, unknownKid('ES256')))
  assert.ok(count <= seconds + 4, `${count} readings in ${seconds} s, two of them to begin with`)
})

test('a signature with a key pair, and its verification, need no statement', async () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256']) {
    const server = await startServer({ JWT_ALGORITHM: algorithm })
    const login = await logInNewUser(server)
    const { count, seconds } = await readings(async () => {
      for (let round = 0; round < 40; round++) {
        const { access_token } = await logIn(server, login.user.email)
        await me(server, access_token)
      }
    })
    assert.ok(count <= seconds + 1, `${algorithm}: ${count} readings in ${seconds} s`)
    await server.close()
  }
})

test('RSA signatures are made in threads: the event loop turns while they are', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'RS256' })
  const { access } = server.ctx.tokens
  const claims = { sub: '', sid: '', jti: '', role: 'user', iat: 1, exp: 2 }
  let [done, turns] = [false, 0]
  const signing = Promise.all(Array.from({ length: 60 }, () => access.sign('login', claims))).finally(() => {
    done = true
  })
  while (!done) {
    await nextTurn()
    turns++
  }
  assert.equal(new Set((await signing).map((token) => decodeHeader(token)['alg'])).size, 1)
  assert.ok(turns >= 20, `${turns} turns during 60 signatures`)
})

test('RSA signatures that hundreds wait for are refused, and those under way are finished', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'RS256' })
  const { access } = server.ctx.tokens
  const claims = { sub: '', sid: '', jti: '', role: 'user', iat: 1, exp: 2 }
  const outcomes = await Promise.allSettled(Array.from({ length: 400 }, async () => access.sign('login', claims)))
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  assert.ok(refused.length > 100 && refused.length < 200, String(refused.length))
  for (const { reason } of refused) assert.equal(reason.name, 'HashPoolFull')
})

/** A module that prints each module of the keys that a process loads. */
const REPORT_MODULES = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({ load(url, context, next) {
    if (url.includes('/keys/')) process.stderr.write('loaded ' + url + '\\n')
    return next(url, context)
  } })
`)}`

test('a server that signs with the secret loads nothing for key pairs until one is asked for', async () => {
  const server = await startProcess({ imports: [REPORT_MODULES] })
  const loaded = () =>
    [...server.output().matchAll(/^loaded .*\/(?:src|dist)\/(?:auth|app)\/(.*)$/gm)].map(([, name]) => name)
  const login = await server.post('/api/v1/auth/login', { email: 'admin@example.com', password: 'password123' })
  assert.equal((await server.get('/api/v1/auth/me', login.body.access_token)).status, 200)
  assert.deepEqual(loaded(), ['keys/begin-kind.ts'])
  assert.equal((await server.get('/.well-known/jwks.json')).status, 404)
  assert.ok(loaded().includes('keys/public-key-ring.ts'))
  await server.end('SIGTERM')
})
