import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createSigner } from 'fast-jwt'
import { type Answer, send, startServer } from '../support/server.ts'
import { decodeClaims, issuePair, JOHN, logInNewUser } from '../support/users.ts'

const root = join(import.meta.dirname, '../../..')
const SECRET = 'the secret that Tessera shares with the services that verify its tokens'

/** The JavaScript examples of docs/protecting-your-api.md, by their framework; the package's tests run those of tessera-verify. */
const examples = new Map(
  readFileSync(join(root, 'docs/protecting-your-api.md'), 'utf8')
    .split(/^#+ /m)
    .map((section) => [section.split('\n')[0] ?? '', /```js\n(.*?)```/s.exec(section)?.[1]] as const)
    .filter((example): example is [string, string] => example[1] !== undefined)
    .filter(([name]) => name !== 'With tessera-verify'),
)

/** A module that prints the port a process listens on: the examples themselves print nothing. */
const REPORT_PORT = `data:text/javascript,${encodeURIComponent(`
  import { tracingChannel } from 'node:diagnostics_channel'
  const report = ({ server }) => process.stdout.write('port ' + server.address().port + '\\n')
  tracingChannel('net.server.listen').subscribe({ asyncEnd: report })
`)}`

/** Runs an example as printed, in a process that gets only the secret and a port. */
function run(name: string, secret: string | undefined) {
  const folder = join(root, 'node_modules/.cache/tessera-documents') // in the project, so that its imports resolve
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name.toLowerCase()}-${process.pid}.mjs`)
  writeFileSync(file, examples.get(name) ?? '')
  const env = { PORT: '0', ...(secret === undefined ? {} : { JWT_SECRET_KEY: secret }) }
  const child = spawn(process.execPath, ['--import', REPORT_PORT, file], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let output = ''
  const port = new Promise<number | null>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk
        const found = /^port (\d+)$/m.exec(output)
        if (found) resolve(Number(found[1]))
      })
    }
    child.on('close', () => resolve(null))
  })
  return { port, output: () => output }
}

/** Starts an example; the returned function sends an `Authorization` header to its only route. */
async function start(name: string): Promise<(authorization?: string) => Promise<Answer>> {
  const { port, output } = run(name, SECRET)
  const found = await port
  assert.ok(found, `the example of ${name} ended: ${output()}`)
  return (authorization) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    return send(`http://localhost:${found}/orders`, { method: 'GET', headers })
  }
}

/** Makes tokens that `/orders` must refuse, by reason; `genuine` are the tokens of a login. */
async function refusedTokens(genuine: { access_token: string; refresh_token: string }) {
  const [header = '', payload = '', signature = ''] = genuine.access_token.split('.')
  const claims = decodeClaims(genuine.access_token)
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const sign = (changes: Record<string, unknown>, algorithm: 'HS256' | 'HS384' = 'HS256') =>
    createSigner({ key: SECRET, algorithm })(JSON.parse(JSON.stringify({ ...claims, ...changes })))

  const stranger = await startServer({ JWT_SECRET_KEY: `not ${SECRET}` })
  const past = await startServer({ JWT_SECRET_KEY: SECRET })
  past.advanceClock({ seconds: -901 })
  return {
    'its role raised': [header, encode({ ...claims, role: 'admin' }), signature].join('.'),
    'its signature cut off': `${header}.${payload}.`,
    'its signature altered': `${header}.${payload}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
    'of another secret': (await logInNewUser(stranger)).access_token,
    'a pair’s of another secret': (await issuePair(stranger)).access_token,
    'expired a second ago': (await logInNewUser(past)).access_token,
    'a pair’s, expired': (await issuePair(past)).access_token,
    'alg none': `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`,
    'alg none with a signature': `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.${signature}`,
    'an algorithm that Tessera does not use': sign({}, 'HS384'),
    'without exp': sign({ exp: undefined }),
    'without sub': sign({ sub: undefined }),
    'a refresh token': genuine.refresh_token,
    'a pair’s refresh token': (await issuePair(past)).refresh_token,
    'no token at all': '',
    words: 'not a token',
  }
}

test('docs/protecting-your-api.md has examples for Express, Fastify and Hono', () => {
  assert.deepEqual([...examples.keys()], ['Express', 'Fastify', 'Hono'])
})

for (const name of examples.keys()) {
  test(`the example for ${name} accepts the tokens of logins and pairs, and its handler gets the user`, async () => {
    const server = await startServer({ JWT_SECRET_KEY: SECRET })
    const ask = await start(name)
    const { user, access_token } = await logInNewUser(server)
    const pair = await issuePair(server)
    for (const [authorization, owner] of [
      [`Bearer ${access_token}`, user.guid],
      [`bearer ${access_token}`, user.guid],
      [`Bearer ${pair.access_token}`, JOHN],
    ] as const) {
      const answer = await ask(authorization)
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(answer.body, { owner })
    }
  })

  test(`the example for ${name} refuses everything else with 401`, async () => {
    const server = await startServer({ JWT_SECRET_KEY: SECRET })
    const ask = await start(name)
    const genuine = await logInNewUser(server)
    const headers: [string, string | undefined][] = [
      ['no header', undefined],
      ['the token without its scheme', genuine.access_token],
      ['another scheme', `Basic ${genuine.access_token}`],
    ]
    for (const [reason, token] of Object.entries(await refusedTokens(genuine)))
      headers.push([reason, `Bearer ${token}`])
    for (const [reason, authorization] of headers) {
      const answer = await ask(authorization)
      assert.equal(answer.status, 401, reason)
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer', reason)
      assert.deepEqual(answer.body, { error: { message: 'Missing or invalid token', details: {} } }, reason)
    }
    assert.equal((await ask(`Bearer ${genuine.access_token}`)).status, 200, 'and still accepts a genuine token')
  })

  test(`the example for ${name} does not start without a secret`, async () => {
    for (const secret of [undefined, '']) assert.equal(await run(name, secret).port, null)
  })
}
