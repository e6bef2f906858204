import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const START_TIMEOUT_MILLISECONDS = 60_000
const SECRET = 'a-secret-of-the-benchmark-alone-0123456789'

export interface Server {
  url: string
  end: () => Promise<void>
}

/** The first administrator of Directus, who creates the other users. */
export const ADMINISTRATOR = { email: 'administrator@example.com', password: 'correct horse battery' }

const directus = join(import.meta.dirname, 'node_modules/directus/cli.js')

/** Commands of each peer. The last one is the server, which prints `started at`. All other settings are defaults. */
const PEERS = {
  'better-auth': {
    commands: [[join(import.meta.dirname, 'better-auth-server.js')]],
    settings: (databaseUrl: string) => ({ DATABASE_URL: databaseUrl, SECRET }),
  },
  directus: {
    commands: [
      [directus, 'bootstrap'],
      [directus, 'start'],
    ],
    settings: (databaseUrl: string) => ({
      DB_CLIENT: 'pg',
      DB_CONNECTION_STRING: databaseUrl,
      SECRET,
      ADMIN_EMAIL: ADMINISTRATOR.email,
      ADMIN_PASSWORD: ADMINISTRATOR.password,
      HOST: '127.0.0.1',
      PORT: '0',
      TELEMETRY: 'false',
      NO_UPDATE_NOTIFIER: 'true',
      LOG_STYLE: 'raw', // JSON, as Tessera logs; pretty-printing would cost more
      RATE_LIMITER_ENABLED: 'false',
      PRESSURE_LIMITER_ENABLED: 'false', // it answers 503 when busy
      LOGIN_STALL_TIME: '0', // by default every login takes at least 500 ms
    }),
  },
}

export type Peer = keyof typeof PEERS

/** Returns the installed version of a peer. @throws if it is not installed */
export function versionOf(peer: Peer): string {
  const file = join(import.meta.dirname, 'node_modules', peer, 'package.json')
  try {
    return JSON.parse(readFileSync(file, 'utf8')).version
  } catch {
    throw new Error('it is not installed; run npm install in bench/peers')
  }
}

/**
 * Starts another product in an empty folder, on an empty database. Its log goes to a file there, as Tessera's does.
 *
 * @throws with the end of its log if it does not start
 */
export async function startPeer(peer: Peer, databaseUrl: string): Promise<Server> {
  versionOf(peer)
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'))
  const log = join(folder, 'log')
  const output = openSync(log, 'a')
  const { commands, settings } = PEERS[peer]
  const env = { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...settings(databaseUrl) }
  const run = (command: string[]): ChildProcess => {
    const child = spawn(process.execPath, command, { cwd: folder, env, stdio: ['ignore', output, output] })
    process.once('exit', () => child.kill('SIGKILL'))
    return child
  }
  const failure = () => {
    const logged = readFileSync(log, 'utf8').slice(-2000)
    rmSync(folder, { recursive: true })
    return new Error(`it did not start: ${logged}`)
  }
  for (const command of commands.slice(0, -1)) {
    const [code] = await once(run(command), 'close')
    if (code !== 0) throw failure()
  }
  const server = run(commands.at(-1) ?? [])
  const ended = once(server, 'close')
  const end = async () => {
    server.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true })
  }
  const deadline = performance.now() + START_TIMEOUT_MILLISECONDS
  while (server.exitCode === null && server.signalCode === null && performance.now() < deadline) {
    const port = /started at 127\.0\.0\.1:(\d+)/.exec(readFileSync(log, 'utf8'))?.[1]
    if (port) return { url: `http://127.0.0.1:${port}`, end }
    await sleep(50)
  }
  server.kill('SIGKILL')
  await ended
  throw failure()
}
