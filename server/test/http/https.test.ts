import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { startServer } from '../support/server.ts'
import { runToEnd } from '../support/server-process.ts'
import { temporaryFolder } from '../support/test-database.ts'

const skip = spawnSync('openssl', ['version']).error ? 'there is no openssl here' : false
const SECRET = 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ'
const PRODUCTION = { NODE_ENV: 'production', JWT_SECRET_KEY: SECRET, HOST: '127.0.0.1' }

/** Creates a self-signed certificate and its key. */
function certify(folder: string, name: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'ignore' })
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}

/** Sends a GET over TLS; status, headers and the common name of the certificate. */
async function get(url: string, agent: Agent, headers: Record<string, string> = {}) {
  const outgoing = request(url, { agent, headers, rejectUnauthorized: false }).end()
  const [answer] = await once(outgoing, 'response')
  const name = (answer.socket as TLSSocket).getPeerCertificate().subject?.CN
  const reused = outgoing.reusedSocket
  answer.resume()
  await once(answer, 'end')
  return { status: answer.statusCode, headers: answer.headers, name, reused }
}

test('answers over HTTPS have HSTS, and a renewed certificate is loaded without dropping a connection', {
  skip,
}, async () => {
  const folder = temporaryFolder()
  const [first, second, third] = ['first', 'second', 'third'].map((name) => certify(folder, name))
  const [TLS_CERT_FILE, TLS_KEY_FILE] = [join(folder, 'live.pem'), join(folder, 'live.key')]
  const write = (cert = '', key = '') => {
    writeFileSync(TLS_CERT_FILE, cert)
    writeFileSync(TLS_KEY_FILE, key)
  }
  write(first?.cert, first?.key)
  const server = await startServer({ ...PRODUCTION, TLS_CERT_FILE, TLS_KEY_FILE })
  assert.match(server.url, /^https:/)
  const [kept, fresh] = [new Agent({ keepAlive: true }), () => new Agent()]
  after(() => kept.destroy())
  const answer = await get(`${server.url}/api/v1/auth/me`, kept)
  assert.deepEqual([answer.status, answer.name], [401, 'first'])
  const unexpected = await get(`${server.url}/health`, fresh(), { expect: 'x' })
  assert.equal(unexpected.status, 417)
  for (const { headers } of [answer, unexpected])
    assert.equal(headers['strict-transport-security'], 'max-age=31536000; includeSubDomains')

  write(second?.cert, second?.key)
  await server.renewCertificate()
  assert.equal((await get(`${server.url}/health`, fresh())).name, 'second')
  assert.equal((await get(`${server.url}/health`, kept)).reused, true, 'open connections stay open')

  write(third?.cert, second?.key) // half of a renewal
  await server.renewCertificate()
  await server.renewCertificate()
  assert.equal((await get(`${server.url}/health`, fresh())).name, 'second')
  const warnings = server.logs.filter(
    (line) => line['msg'] === 'the changed certificate cannot be used; the old one stays in use',
  )
  assert.equal(warnings.length, 1)
  for (const [cert, key] of [
    ['', ''],
    [third?.cert, ''],
    ['', third?.key],
    [third?.cert?.replace('-----BEGIN', '-----'), third?.key],
    [`${third?.cert?.slice(0, 300)}`, third?.key],
  ]) {
    write(cert, key)
    await server.renewCertificate()
    assert.equal((await get(`${server.url}/health`, fresh())).name, 'second', 'a file that is none is not served')
  }
  write(third?.cert, third?.key)
  await server.renewCertificate()
  assert.equal((await get(`${server.url}/health`, fresh())).name, 'third')
})

test('production refuses plain HTTP except for probes, and only a trusted proxy can declare a request as HTTPS', async () => {
  const server = await startServer({ ...PRODUCTION, TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' })
  const ask = async (headers: Record<string, string>) => {
    const { status, body, headers: answered } = await server.get('/api/v1/auth/me', { headers })
    const refused = status === 403 && body.error.details.code === 'https_required'
    assert.equal(answered.has('strict-transport-security'), !refused)
    return refused ? 'refused' : status
  }
  const cases: [Record<string, string>, 'refused' | 401][] = [
    [{}, 'refused'],
    [{ 'x-forwarded-proto': 'http' }, 'refused'],
    [{ 'x-forwarded-proto': 'HTTPS' }, 401],
    [{ 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' }, 401],
    [{ 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https, http' }, 'refused'],
    // In a list, one entry may be the client's own claim that a proxy passed on.
    [{ 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'http, https' }, 'refused'],
    [{ 'x-forwarded-for': '192.0.2.1, 10.0.0.1', 'x-forwarded-proto': 'https, http' }, 'refused'],
    [{ 'x-forwarded-for': '192.0.2.1, 10.0.0.1', 'x-forwarded-proto': 'https, https' }, 401],
    [{ 'x-forwarded-for': '192.0.2.1, 10.0.0.1', 'x-forwarded-proto': 'http, https' }, 'refused'],
    [{ 'x-forwarded-for': '192.0.2.1, 10.0.0.1', 'x-forwarded-proto': 'https, http, https' }, 'refused'],
    [{ 'x-forwarded-for': '192.0.2.1, 10.0.0.1', 'x-forwarded-proto': 'https' }, 401],
    [{ 'x-forwarded-ssl': 'on', forwarded: 'proto=https' }, 'refused'],
  ]
  for (const [headers, expected] of cases) assert.equal(await ask(headers), expected, JSON.stringify(headers))
  for (const path of ['/health', '/ready']) assert.equal((await server.get(path)).status, 200)
  assert.deepEqual((await server.post('/auth/refresh', {})).body, { error: 'HTTPS is required' })

  const untrusting = await startServer({ REQUIRE_HTTPS: 'on', TRUSTED_PROXIES: '10.0.0.0/8' })
  const forged = { headers: { 'x-forwarded-proto': 'https' } }
  assert.equal((await untrusting.get('/api/v1/auth/me', forged)).status, 403)
  const development = await startServer()
  assert.equal((await development.get('/api/v1/auth/me', forged)).headers.has('strict-transport-security'), false)
})

test('a start is refused in one line if no request could arrive over HTTPS or the certificate cannot be used', {
  skip,
}, async () => {
  const folder = temporaryFolder()
  certify(folder, 'one')
  certify(folder, 'other')
  const files = (cert: string, key: string) => ({ TLS_CERT_FILE: join(folder, cert), TLS_KEY_FILE: join(folder, key) })
  const cases: [Record<string, string>, RegExp][] = [
    [
      { ...PRODUCTION, BCRYPT_COST: '12' },
      /^tessera: REQUIRE_HTTPS is on, but no request could arrive over HTTPS: .*\n$/,
    ],
    [{ TLS_CERT_FILE: join(folder, 'one.pem') }, /^tessera: TLS_CERT_FILE and TLS_KEY_FILE belong together; .*\n$/],
    [files('one.pem', 'other.key'), /^tessera: TLS_CERT_FILE and TLS_KEY_FILE cannot be used together: .*\n$/],
    [files('none.pem', 'one.key'), /^tessera: TLS_CERT_FILE cannot be read: .*\n$/],
  ]
  for (const [environment, expected] of cases) {
    const { code, output } = await runToEnd(['start'], { environment })
    assert.match(output, expected)
    assert.equal(code, 1)
  }
  assert.equal((await runToEnd(['migrate'], { environment: PRODUCTION })).code, 0, 'the command line needs no HTTPS')
})
