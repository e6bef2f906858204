import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { databaseAccount } from './postgres-programs.ts'

export interface PgBouncer {
  /** The address of the same database through the pooler. */
  url: string
  /** Ends it and deletes its files. */
  close(): Promise<void>
}

/** Returns the version of the installed PgBouncer, such as `[1, 18]`; null if there is none. */
export function pgbouncerVersion(): [major: number, minor: number] | null {
  const { error, stdout } = spawnSync('pgbouncer', ['--version'], { encoding: 'utf8' })
  const [, major, minor] = (error ? null : /PgBouncer (\d+)\.(\d+)/.exec(stdout)) ?? []
  return major === undefined ? null : [Number(major), Number(minor)]
}

/** Starts a PgBouncer in transaction mode in front of a database, as `docs/configuration.md` sets it up. */
export async function startPgbouncer(databaseUrl: string, settings: Record<string, string> = {}): Promise<PgBouncer> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  const folder = mkdtempSync(join(tmpdir(), 'tessera-pgbouncer-'))
  const listenPort = await freePort()
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(listenPort),
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: 'transaction',
    ignore_startup_parameters: 'statement_timeout, idle_in_transaction_session_timeout',
    default_pool_size: '10',
    ...settings,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`)
  const secret = password === '' ? '' : ` password=${decodeURIComponent(password)}`
  const target = `* = host=${hostname} port=${port || 5432} user=${username || 'postgres'}${secret}`
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(file, ['[databases]', target, '[pgbouncer]', ...lines, ''].join('\n'))
  const { uid, gid } = databaseAccount() // it refuses to run as root, too
  if (uid !== undefined && gid !== undefined) for (const path of [folder, file]) chownSync(path, uid, gid)
  const child = spawn('pgbouncer', [file], { ...databaseAccount(), cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk
  })
  const ended = once(child, 'close')
  process.once('exit', () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  while (!(await accepts(listenPort))) {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended at its start: ${errors}`)
    await sleep(20)
  }
  return {
    url: `postgres://${username || 'postgres'}@127.0.0.1:${listenPort}${pathname}`,
    async close() {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
