import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promises } from '../../../conformance/promises/all-promises.ts'
import { createTarget } from '../../../conformance/target.ts'
import { freePort } from '../../../harness/free-port.ts'
import { PLAIN_GUID, plainServer } from '../support/plain-server.ts'
import { startServer } from '../support/server.ts'

const SERVICE_KEY = 'the-key-of-a-service-that-may-ask-for-pairs'
const KIT = join(import.meta.dirname, '../../../conformance')
const COMMAND = join(KIT, 'run.ts')

const server = await startServer({ PAIR_ISSUANCE: 'service', SERVICE_KEYS: SERVICE_KEY })
const target = createTarget({ url: server.url, serviceKey: SERVICE_KEY })

for (const { contract, says, check } of promises) {
  // A skip throws too and fails the test: nothing may be skipped against Tessera itself.
  test(`${contract}: ${says}`, () => check(target))
}

async function runKit(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk
  })
  const [code] = await once(child, 'close')
  return { code, output, errors }
}

/** Starts a minimal server for answers that Tessera never gives. */
function serve(listener: RequestListener): Promise<string> {
  return listen(createServer(listener))
}

async function listen(listening: Server): Promise<string> {
  await once(listening.listen(0, '127.0.0.1'), 'listening')
  after(() => {
    listening.closeAllConnections()
    listening.close()
  })
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

/** Answers every request alike. */
function always(status: number, body: unknown, headers: Record<string, string> = {}): RequestListener {
  return (request, response) => {
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    })
  }
}

/** The line of a promise and the one below it. */
function linesAbout(output: string, sentence: string): string[] {
  const lines = output.split('\n')
  const at = lines.findIndex((line) => line.slice(2).startsWith(sentence))
  return lines.slice(at, at + 2)
}

test('the kit reports a conforming server with ticks, a summary and exit code 0', async () => {
  const { code, output, errors } = await runKit('--url', `${server.url}/`, '--service-key', SERVICE_KEY)
  assert.equal(errors, '')
  assert.match(output, new RegExp(`\\n${promises.length} kept, 0 broken, 0 skipped in`))
  assert.equal(code, 0)
  const sentences = output.split('\n').filter((line) => line.startsWith('✓ '))
  assert.deepEqual(
    sentences,
    promises.map(({ says }) => `✓ ${says}`),
  )
  assert.equal(output.match(/^(Registration|JWT API|Token pairs)$/gm)?.length, 3)
})

test('no two promises are the same, and registration, JWT API and token pairs each have promises of the original text', () => {
  const sentences = promises.map(({ contract, says }) => `${contract}: ${says}`)
  assert.deepEqual([...new Set(sentences)], sentences)
  for (const contract of ['registration', 'jwt-api', 'token-pairs']) {
    assert.ok(promises.some((promise) => promise.contract === contract && promise.source === 'original'))
  }
})

test('the kit is independent of the server: it imports only its own files and Node.js, in files of at most 300 lines', () => {
  for (const file of globSync('**/*.ts', { cwd: KIT })) {
    const text = readFileSync(join(KIT, file), 'utf8')
    for (const [, target = ''] of text.matchAll(/from '([^']+)'/g))
      assert.match(target, file.includes('/') ? /^(\.\.?\/[\w-]+\.ts|node:.*)$/ : /^(\.\/[\w/-]+\.ts|node:.*)$/, file)
    assert.ok(text.split('\n').length <= 300, file)
  }
})

test('--only and --contracts-only select promises, also by their former names, and --json reports the same outcomes', async () => {
  const run = await runKit('--url', server.url, '--only', 'jwt-api', '--contracts-only', '--json')
  const former = await runKit('--url', server.url, '--only', 'authentication', '--documents-only', '--json')
  assert.equal(former.output, run.output)
  assert.equal(run.code, 0, run.output)
  const report = JSON.parse(run.output)
  const chosen = promises.filter(({ contract, source }) => contract === 'jwt-api' && source === 'original')
  const expected = chosen.map(({ contract, source, says }) => ({ contract, source, says, result: 'kept' }))
  assert.deepEqual(report, { url: server.url, kept: chosen.length, broken: 0, skipped: 0, promises: expected })
})

test('--contracts-only requires nothing beyond the original texts of registration, JWT API and token pairs', async () => {
  const url = await listen(plainServer())
  const { code, output } = await runKit('--url', url, '--contracts-only', '--guid', PLAIN_GUID)
  const originals = promises.filter(({ source }) => source === 'original')
  assert.match(output, new RegExp(`\\n${originals.length} kept, 0 broken, 0 skipped in`))
  assert.equal(code, 0)
})

test('without a service key token pairs are skipped with the reason, and a run that tries nothing fails', async () => {
  const { code, output } = await runKit('--url', server.url, '--only', 'token-pairs', '--contracts-only')
  assert.match(output, /^– POST \/auth\/token with .*--service-key\)$/m)
  assert.match(output, /0 kept, 0 broken, \d+ skipped in .* Nothing could be tried\.\n$/)
  assert.equal(code, 1)
})

test('each promise that a server breaks is reported with request, answer and expectation, and exit code 1', async () => {
  const token = `eyJhbGciOiJub25lIn0.e30.${'s3cr3t'.repeat(10)}`
  const user = { id: 1, guid: 'x', email: 'x@example.com', password: 'hunter2' }
  const answer = { message: 'Welcome', user, access_token: token, refresh_token: 'abc123' }
  const { code, output } = await runKit('--url', await serve(always(200, answer)))
  assert.equal(code, 1)
  const [line, seen] = linesAbout(output, 'a sign-up with e-mail and password is 200')
  assert.equal(line, '✗ a sign-up with e-mail and password is 200 "You have successfully registered"')
  assert.match(
    seen ?? '',
    /^ {4}POST \/api\/v1\/users\/sign_up answered 200 \{"message":"Welcome".*; expected that message$/,
  )
  for (const sentence of [
    'a wrong password, or an unknown address, is 401 "Invalid email or password"',
    'an unsigned access token ("alg":"none") is 401 "Missing or invalid token"',
    'the access token is a JWT signed with HS512',
    'a pair that was refreshed is spent: 401 "Refresh token already used"',
  ]) {
    assert.equal(linesAbout(output, sentence)[0], `✗ ${sentence}`)
  }
  assert.doesNotMatch(output, /hunter2|abc123|s3cr3t|eyJ/, 'tokens and passwords stay out of the report')
  assert.ok(output.includes(`"password":"(7 characters)"},"access_token":"(${token.length} characters)"`), output)
})

test('a rate limit skips a promise, with its Retry-After, and is not a failure', async () => {
  const url = await serve(always(429, {}, { 'retry-after': '1234' }))
  const probed = await serve((request, response) => {
    if (request.url === '/') always(404, {})(request, response)
    else always(429, {}, { 'retry-after': '1234' })(request, response)
  })
  for (const address of [url, probed]) {
    const { code, output } = await runKit('--url', address, '--only', 'registration')
    assert.match(output, /^– .* \(rate limited: POST \/api\/v1\/users\/sign_up answered 429, Retry-After: 1234\)$/m)
    assert.doesNotMatch(output, /✗/)
    assert.equal(code, 1)
  }
})

test('a request that gets no answer fails after a timeout', async () => {
  const silent = createTarget({ url: await serve(() => {}), timeoutMilliseconds: 50 })
  await assert.rejects(silent.get('/'), { message: 'GET / got no answer: none within 50 ms' })
})

test('a URL where no server listens is one sentence and exit code 2', async () => {
  const { code, output, errors } = await runKit('--url', `http://127.0.0.1:${await freePort()}`)
  assert.equal(output, '')
  assert.equal(errors, 'There is no server to try: GET / got no answer: ECONNREFUSED.\n')
  assert.equal(code, 2)
})

test('bad usage is one sentence and exit code 2; --help shows an example', async () => {
  for (const [args, sentence] of [
    [[], /^--url is missing; --help shows an example\.\n$/],
    [['--url', 'localhost:3000'], /^--url must be like http:\/\/localhost:3000, not "localhost:3000"\.\n$/],
    [['--url', server.url, '--only', 'login'], /^--only must be .*, not "login"\.\n$/],
    [['--url', server.url, '--verbose'], /^Unknown option '--verbose'; --help shows an example\.\n$/],
    [['--url', server.url, 'x'], /^[^\n]+; --help shows an example\.\n$/],
  ] as const) {
    const { code, output, errors } = await runKit(...args)
    assert.deepEqual([code, output], [2, ''])
    assert.match(errors, sentence)
  }
  const help = await runKit('--help')
  assert.equal(help.code, 0)
  assert.match(help.output, /npm run conformance -- --url http:\/\/localhost:3000/)
})
