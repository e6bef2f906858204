import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../harness/free-port.ts'
import { isInstalled, Program } from './program.ts'

/** The name that the files of `deploy/` have for the service. */
export const NAME = 'auth.acme.example'
const DEPLOY = join(import.meta.dirname, '../..')
const POLL_INTERVAL_MILLISECONDS = 100

/** `layer 4` is HAProxy as a balancer of connections. */
export const ROUTE_NAMES = ['nginx', 'HAProxy', 'layer 4'] as const

export type RouteName = (typeof ROUTE_NAMES)[number]

/** A way to the servers, through one balancer. */
export interface Route {
  name: RouteName
  url: string
  /** The certificate to trust; null where the client itself stands for the proxy that terminates TLS. */
  certificate: string | null
  /** Whether each request is sent over a connection of its own. */
  opensConnections: boolean
}

export interface Balancers {
  routes: Route[]
  /** Waits until HAProxy's checks have found all servers. */
  untilUp(): Promise<void>
  close(): Promise<void>
}

/** Whether this machine has a balancer and a way to make its certificate. */
export function hasBalancer(): boolean {
  return isInstalled('openssl', 'version') && (isInstalled('nginx', '-v') || isInstalled('haproxy', '-v'))
}

/**
 * Starts nginx and HAProxy, as far as they are installed, with the files of `deploy/`, in which only names, ports and servers
 * are replaced, and HAProxy also as a balancer of connections: it knows nothing of HTTP, checks each second, and repeats
 * nothing.
 */
export async function startBalancers(folder: string, servers: readonly number[]): Promise<Balancers> {
  const certificate = certify(folder)
  const trusted = readFileSync(certificate.cert, 'utf8')
  const routes: Route[] = []
  const programs: Program[] = []
  const stats = join(folder, 'haproxy.sock')
  const hasHaproxy = isInstalled('haproxy', '-v')
  if (isInstalled('nginx', '-v')) {
    const port = await freePort()
    programs.push(await startNginx(join(folder, 'nginx'), port, certificate, servers))
    routes.push({ name: 'nginx', url: `https://127.0.0.1:${port}`, certificate: trusted, opensConnections: false })
  }
  if (hasHaproxy) {
    const [port, connectionsPort] = [await freePort(), await freePort()]
    programs.push(await startHaproxy({ folder, stats, port, connectionsPort, certificate, servers }))
    routes.push(
      { name: 'HAProxy', url: `https://127.0.0.1:${port}`, certificate: trusted, opensConnections: false },
      { name: 'layer 4', url: `http://127.0.0.1:${connectionsPort}`, certificate: null, opensConnections: true },
    )
  }
  return {
    routes,
    async untilUp() {
      if (hasHaproxy) while ((await countUp(stats)) < 2 * servers.length) await sleep(POLL_INTERVAL_MILLISECONDS)
    },
    async close() {
      await Promise.all(programs.map((program) => program.end()))
    },
  }
}

interface Certificate {
  cert: string
  key: string
}

function certify(folder: string): Certificate {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`, '-days', '2']
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'ignore' })
  return { cert, key }
}

function startNginx(
  folder: string,
  port: number,
  { cert, key }: Certificate,
  servers: readonly number[],
): Promise<Program> {
  mkdirSync(folder)
  const site = replaceAll(readFileSync(join(DEPLOY, 'nginx.conf'), 'utf8'), {
    'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
    'server 127.0.0.1:3000;': servers.map((server) => `server 127.0.0.1:${server};`).join(' '),
    '/etc/ssl/tessera/fullchain.pem': cert,
    '/etc/ssl/tessera/key.pem': key,
  })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(' ')
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; pid ${folder}/pid; error_log ${folder}/errors; events {} http { access_log off; ${temporary} ${site} }`,
  )
  return new Program('nginx', ['-c', file, '-p', folder]).untilListening(port)
}

interface HaproxySite {
  folder: string
  stats: string
  port: number
  connectionsPort: number
  certificate: Certificate
  servers: readonly number[]
}

function startHaproxy({ folder, stats, port, connectionsPort, certificate, servers }: HaproxySite) {
  const pem = join(folder, 'tessera.pem')
  writeFileSync(pem, readFileSync(certificate.cert, 'utf8') + readFileSync(certificate.key, 'utf8'), { mode: 0o600 })
  const [one, two, ...others] = servers
  const list = (ports: readonly number[]) => ports.map((each) => `  server on-${each} 127.0.0.1:${each}\n`).join('')
  const site = replaceAll(readFileSync(join(DEPLOY, 'haproxy.cfg'), 'utf8'), {
    'bind :443': `bind 127.0.0.1:${port}`,
    '/etc/haproxy/tessera.pem': pem,
    '127.0.0.1:3000': `127.0.0.1:${one}`,
    '127.0.0.1:3001': `127.0.0.1:${two}`,
  })
  const connections = `
defaults
  mode tcp
  timeout connect 2s
  timeout client 75s
  timeout server 75s
  retries 0

listen connections
  bind 127.0.0.1:${connectionsPort}
  option httpchk GET /ready
  default-server check inter 1s fall 2 rise 1
`
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, `global\n  stats socket ${stats}\n${site}${list(others)}${connections}${list(servers)}`)
  return new Program('haproxy', ['-db', '-f', file]).untilListening(port)
}

/** Replaces each text once. @throws if one is not there: the file of `deploy/` has changed */
function replaceAll(file: string, texts: Record<string, string>): string {
  for (const [text, replacement] of Object.entries(texts)) {
    if (!file.includes(text)) throw new Error(`A file of deploy/ has no "${text}" to replace.`)
    file = file.replace(text, replacement)
  }
  return file
}

/** Asks HAProxy how many servers its checks have found. */
async function countUp(stats: string): Promise<number> {
  const socket = connect(stats)
  socket.end('show stat\n')
  const [header = '', ...lines] = (await text(socket)).trim().split('\n')
  const column = (name: string) => header.replace('# ', '').split(',').indexOf(name)
  const [name, status] = [column('svname'), column('status')]
  return lines
    .map((line) => line.split(','))
    .filter((cells) => !['FRONTEND', 'BACKEND'].includes(cells[name] ?? '') && cells[status] === 'UP').length
}
