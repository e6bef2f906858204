import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../harness/free-port.ts'
import { type ServerProcess, startProcess } from '../support/server-process.ts'
import { emptyDatabaseUrl, onPostgres, temporaryFolder } from '../support/test-database.ts'

// The files of deploy/, each run by the real program; only names, ports and certificates are replaced.

const DEPLOY = join(import.meta.dirname, '../../../deploy')
const NAME = 'auth.acme.example'

interface Proxy {
  program: string
  /** Whether it is installed. */
  version: string[]
  /** Writes its configuration into a folder; returns the command that runs it in the foreground. */
  configure(site: Site): string[]
}

interface Site {
  folder: string
  port: number
  cert: string
  key: string
  servers: string[]
}

const file = (name: string) => readFileSync(join(DEPLOY, name), 'utf8')

const PROXIES: Proxy[] = [
  {
    program: 'nginx',
    version: ['-v'],
    configure({ folder, port, cert, key, servers }) {
      const site = file('nginx.conf')
        .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
        .replace('server 127.0.0.1:3000;', `server ${servers[0]};`)
        .replace('/etc/ssl/tessera/fullchain.pem', cert)
        .replace('/etc/ssl/tessera/key.pem', key)
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
        .join(' ')
      const main = `daemon off; pid ${folder}/pid; error_log ${folder}/errors; events {} http { access_log off; ${temporary} ${site} }`
      writeFileSync(join(folder, 'nginx.conf'), main)
      return ['-c', join(folder, 'nginx.conf'), '-p', folder]
    },
  },
  {
    program: 'haproxy',
    version: ['-v'],
    configure({ folder, port, cert, key, servers: [one = '', two = one] }) {
      const pem = join(folder, 'tessera.pem')
      writeFileSync(pem, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'))
      const config = file('haproxy.cfg')
        .replace('bind :443', `bind 127.0.0.1:${port}`)
        .replace('/etc/haproxy/tessera.pem', pem)
        .replace('127.0.0.1:3000', one)
        .replace('127.0.0.1:3001', two)
      writeFileSync(join(folder, 'haproxy.cfg'), config)
      return ['-db', '-f', join(folder, 'haproxy.cfg')]
    },
  },
  {
    program: 'caddy',
    version: ['version'],
    configure({ folder, port, cert, key, servers }) {
      const site = file('Caddyfile')
        .replace(`${NAME} {`, `https://${NAME}:${port} {\n\tbind 127.0.0.1\n\ttls ${cert} ${key}`)
        .replace('127.0.0.1:3000', servers[0] ?? '')
      writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`)
      return ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
    },
  },
]

function certify(folder: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`, '-days', '2']
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'ignore' })
  return { cert, key }
}

interface Answered {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** Sends a request over TLS to the proxy, as a browser would that looks at its site. */
async function ask(port: number, method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const outgoing = request({
    ...{ host: '127.0.0.1', port, method, path, servername: NAME, rejectUnauthorized: false, agent: false },
    headers: { host: `${NAME}:${port}`, ...(body && { 'content-type': 'application/json' }), ...headers },
  })
  outgoing.end(body && JSON.stringify(body))
  const [answer] = await once(outgoing, 'response')
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) } as Answered
}

/** Runs a proxy in front of servers; returns its port once it passes requests on. */
async function startProxy({ program, configure }: Proxy, servers: readonly ServerProcess[]): Promise<number> {
  const folder = temporaryFolder()
  const port = await freePort()
  const args = configure({ folder, port, ...certify(folder), servers: servers.map(({ url }) => new URL(url).host) })
  const environment = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  const ended = once(child, 'close')
  after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${output}`)
    const ready = await ask(port, 'GET', '/ready').catch(() => null)
    if (ready?.status === 200) return port
    await sleep(50)
  }
}

async function startServers(count: number): Promise<ServerProcess[]> {
  const environment = {
    ...(onPostgres && { DATABASE_URL: await emptyDatabaseUrl() }),
    ...{ NODE_ENV: 'production', TRUSTED_PROXIES: '127.0.0.1', HOST: '127.0.0.1' },
    JWT_SECRET_KEY: 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ',
  }
  const servers: ServerProcess[] = []
  for (let n = 0; n < count; n++) servers.push(await startProcess({ environment }))
  return servers
}

const credentials = { email: 'ann@example.com', password: 'correct horse battery' }

for (const proxy of PROXIES) {
  const { program, version } = proxy
  const skip = spawnSync(program, version).error ? `there is no ${program} here` : false
  test(`behind ${program}, as deploy/ configures it, a page signs in with a cookie and refreshes`, {
    skip,
  }, async () => {
    const servers = await startServers(1)
    const port = await startProxy(proxy, servers)
    const page = { origin: `https://${NAME}:${port}`, 'sec-fetch-site': 'same-origin' }
    const forged = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http' }
    assert.equal((await ask(port, 'POST', '/api/v1/users/sign_up', { user: credentials }, forged)).status, 200)
    const login = await ask(
      port,
      'POST',
      '/api/v1/auth/login',
      { ...credentials, cookie: true },
      { ...page, ...forged },
    )
    assert.equal(login.status, 200, login.body)
    assert.ok(login.headers['strict-transport-security'], 'it counts as HTTPS')
    const cookie = (login.headers['set-cookie'] ?? []).map((each) => each.split(';')[0]).join('; ')
    assert.equal((await ask(port, 'POST', '/api/v1/auth/refresh', {}, { ...page, cookie })).status, 200)
    const evil = { origin: 'https://evil.example', cookie }
    assert.equal((await ask(port, 'POST', '/api/v1/auth/refresh', {}, evil)).status, 403)
    const output = servers.map((server) => server.output()).join('')
    assert.match(output, /"ip":"127\.0\.0\.1"/)
    assert.doesNotMatch(output, /203\.0\.113\.9/, 'the address that the client claims is not believed')
  })
}

test('behind HAProxy, one server after the other restarts and no request fails', {
  skip: spawnSync('haproxy', ['-v']).error ? 'there is no haproxy here' : !onPostgres && 'of PostgreSQL',
}, async () => {
  const servers = await startServers(2)
  const haproxy = PROXIES.find(({ program }) => program === 'haproxy') as Proxy
  const port = await startProxy(haproxy, servers)
  const statuses: number[] = []
  let isOver = false
  const traffic = (async () => {
    while (!isOver) statuses.push((await ask(port, 'POST', '/api/v1/auth/refresh', { refresh_token: 'x' })).status)
  })()
  while (statuses.length < 20) await sleep(5)
  assert.equal(await servers[0]?.end('SIGTERM'), 0)
  const before = statuses.length
  while (statuses.length < before + 50) await sleep(5)
  isOver = true
  await traffic
  assert.deepEqual([...new Set(statuses)], [401])
})
