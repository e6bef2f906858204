import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { databaseAccount, programOptions, programPath, runProgram } from './postgres-programs.ts'

export interface StandbyOptions {
  /** Whether commits do not wait for the standby; by default they do. */
  asynchronous?: boolean
  /** The port that it streams from, such as that of a proxy; by default the primary's own. */
  through?: number
}

export interface PostgresCluster {
  /** The address of an empty database `tessera`. */
  url: string
  port: number
  /** Starts it after a stop or a kill, and waits until it accepts connections. */
  start(): Promise<void>
  /** Stops it. `immediate` is a crash, from which it recovers at the next start. */
  stop(mode: 'fast' | 'immediate'): Promise<void>
  /** Sends SIGKILL to the postmaster and waits until its children have ended too. */
  kill(): Promise<void>
  /** Creates a copy that streams from this one, and waits until it has caught up. */
  standby(options?: StandbyOptions): Promise<PostgresCluster>
  /** Makes a standby the primary, and waits until it is writable. */
  promote(): Promise<void>
  /** Stops it and deletes its files. */
  remove(): Promise<void>
}

const STATE_TIMEOUT_MILLISECONDS = 60_000
const running = new Set<Cluster>()
let isRemovedOnExit = false

/** Starts a PostgreSQL server in a temporary folder on a free port. It is removed when the caller exits. */
export async function createPostgresCluster(settings: Record<string, string> = {}): Promise<PostgresCluster> {
  const cluster = new Cluster(await freePort(), settings)
  await runProgram('initdb', [
    ...['--pgdata', cluster.data, '--username', 'postgres', '--auth', 'trust'],
    ...['--encoding', 'UTF8', '--no-locale', '--no-sync'],
  ])
  await cluster.start()
  await cluster.query('create database tessera', 'postgres')
  return cluster
}

class Cluster implements PostgresCluster {
  readonly port: number
  readonly url: string
  readonly folder: string
  readonly data: string
  readonly #settings: Record<string, string>
  #postmaster: ChildProcess | null = null

  constructor(port: number, settings: Record<string, string>) {
    this.port = port
    this.#settings = settings
    this.url = this.urlOf('tessera')
    this.folder = mkdtempSync(join(tmpdir(), 'tessera-postgres-'))
    this.data = join(this.folder, 'data')
    const { uid, gid } = databaseAccount()
    if (uid !== undefined && gid !== undefined) chownSync(this.folder, uid, gid)
    removeOnExit()
    running.add(this)
  }

  urlOf(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`
  }

  async start(): Promise<void> {
    this.#configure()
    const log = openSync(join(this.folder, 'log'), 'a')
    const options = { ...programOptions(), stdio: ['ignore', log, log] as ['ignore', number, number] }
    const postmaster = spawn(programPath('postgres'), ['-D', this.data], options)
    this.#postmaster = postmaster
    await waitUntil(`accept connections on port ${this.port}`, async () => {
      if (hasEnded(postmaster))
        throw new Error(`PostgreSQL ended at its start: ${readFileSync(join(this.folder, 'log'))}`)
      return this.query('select', 'postgres').then(Boolean, () => false)
    })
  }

  async stop(mode: 'fast' | 'immediate'): Promise<void> {
    await this.#end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
    await waitUntil('end the children of the killed postmaster', async () => !hasProcessIn(this.data))
  }

  async standby({ asynchronous = false, through = this.port }: StandbyOptions = {}): Promise<PostgresCluster> {
    const { synchronous_standby_names: _, primary_conninfo: __, ...settings } = this.#settings
    const name = `standby_${await freePort()}`
    const followed = `host=127.0.0.1 port=${through} user=postgres application_name=${name}`
    const copy = new Cluster(await freePort(), { ...settings, primary_conninfo: followed })
    await runProgram('pg_basebackup', [
      ...['--dbname', `host=127.0.0.1 port=${this.port} user=postgres`, '--pgdata', copy.data],
      ...['--wal-method', 'stream', '--checkpoint', 'fast', '--no-sync'],
    ])
    writeFileSync(join(copy.data, 'standby.signal'), '')
    await copy.start()
    const untilState = (expected: string) =>
      waitUntil(`let ${name} catch up`, async () => {
        const [row] = await this.query(
          `select state, sync_state from pg_stat_replication where application_name = '${name}'`,
        )
        return row?.['state'] === 'streaming' && row['sync_state'] === expected
      })
    await untilState('async')
    // The setting follows the standby that streams: without one, no commit would be acknowledged.
    if (!asynchronous) {
      await this.#set({ synchronous_standby_names: name, synchronous_commit: 'on' })
      await untilState('sync')
    }
    return copy
  }

  async promote(): Promise<void> {
    await this.query('select pg_promote(true, 60)')
    await waitUntil('make the standby writable', async () => {
      const [row] = await this.query('select pg_is_in_recovery() as recovers')
      return row?.['recovers'] === false
    })
  }

  async remove(): Promise<void> {
    await this.#end('SIGQUIT')
    running.delete(this)
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Stops and deletes it synchronously, for the exit of the caller. */
  removeSync(): void {
    if (this.#postmaster && !hasEnded(this.#postmaster)) {
      const args = ['--pgdata', this.data, '--mode', 'immediate', '--wait', '--timeout', '10', 'stop']
      spawnSync(programPath('pg_ctl'), args, { ...programOptions(), stdio: 'ignore' })
      this.#postmaster.kill('SIGKILL')
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }

  async query(text: string, database = 'tessera'): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.urlOf(database), connectionTimeoutMillis: 2000 })
    client.on('error', () => {}) // the statement fails with it
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end().catch(() => {})
    }
  }

  async #set(settings: Record<string, string>): Promise<void> {
    Object.assign(this.#settings, settings)
    this.#configure()
    this.#postmaster?.kill('SIGHUP')
  }

  #configure(): void {
    const all = {
      port: this.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: this.folder,
      max_connections: 200,
      ...this.#settings,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name} = '${value}'\n`)
    writeFileSync(join(this.data, 'postgresql.conf'), lines.join(''))
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const postmaster = this.#postmaster
    this.#postmaster = null
    if (!postmaster || hasEnded(postmaster)) return
    const ended = once(postmaster, 'exit')
    postmaster.kill(signal)
    await ended
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Every process of a cluster has its data folder as working directory. Without /proc, none is found. */
function hasProcessIn(data: string): boolean {
  let processes: string[] = []
  try {
    processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {}
  return processes.some((id) => {
    try {
      return readlinkSync(`/proc/${id}/cwd`) === data
    } catch {
      return false // the process has ended or belongs to another account
    }
  })
}

function removeOnExit(): void {
  if (isRemovedOnExit) return
  isRemovedOnExit = true
  process.on('exit', () => {
    for (const cluster of running) cluster.removeSync()
  })
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
}

async function waitUntil(what: string, isReached: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + STATE_TIMEOUT_MILLISECONDS
  while (!(await isReached())) {
    if (Date.now() > end) throw new Error(`PostgreSQL did not ${what} within ${STATE_TIMEOUT_MILLISECONDS / 1000} s.`)
    await sleep(20)
  }
}
