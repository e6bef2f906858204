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
  /** By default a commit waits for the standby; an asynchronous one follows as it can. */
  asynchronous?: boolean
  /** The port by which it follows, such as that of a proxy; by default the primary's own. */
  through?: number
}

export interface PostgresCluster {
  /** postgres://… of an empty database `tessera` */
  url: string
  port: number
  /** After a stop or a kill; waits until it accepts connections. */
  start(): Promise<void>
  /** `immediate` is a crash: it recovers at the next start. */
  stop(mode: 'fast' | 'immediate'): Promise<void>
  /** SIGKILL to the postmaster; waits until its children have ended too. */
  kill(): Promise<void>
  /** A copy of this one that streams from it; waits until it keeps up. */
  standby(options?: StandbyOptions): Promise<PostgresCluster>
  /** Of a standby; waits until it is writable. */
  promote(): Promise<void>
  /** Ends and deletes everything. */
  remove(): Promise<void>
}

const PATIENCE_MILLISECONDS = 60_000
const running = new Set<Cluster>()
let endsWithCaller = false

/** A PostgreSQL of the caller's own, in a temporary folder on a free port; it ends with the caller, however that ends. */
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
    endWithCaller()
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
    await until(`PostgreSQL accepts connections on port ${this.port}`, async () => {
      if (hasEnded(postmaster)) throw new Error(`PostgreSQL ended: ${readFileSync(join(this.folder, 'log'))}`)
      return this.query('select', 'postgres').then(Boolean, () => false)
    })
  }

  async stop(mode: 'fast' | 'immediate'): Promise<void> {
    await this.#end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
    await until('the children of the postmaster end', async () => !hasProcessIn(this.data))
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
    // Set only now: until there is a standby, no commit could end.
    if (!asynchronous) await this.#set({ synchronous_standby_names: name, synchronous_commit: 'on' })
    await until(`${name} keeps up`, async () => {
      const [row] = await this.query(
        `select state, sync_state from pg_stat_replication where application_name = '${name}'`,
      )
      return row?.['state'] === 'streaming' && row['sync_state'] === (asynchronous ? 'async' : 'sync')
    })
    return copy
  }

  async promote(): Promise<void> {
    await this.query('select pg_promote(true, 60)')
    await until('the standby is writable', async () => {
      const [row] = await this.query('select pg_is_in_recovery() as recovers')
      return row?.['recovers'] === false
    })
  }

  async remove(): Promise<void> {
    await this.#end('SIGQUIT')
    running.delete(this)
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** In the caller's last moment, where nothing can be waited for but by standing still. */
  removeNow(): void {
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

/** Every process of a cluster works in its data folder. Where there is no /proc, the next start complains of them. */
function hasProcessIn(data: string): boolean {
  let processes: string[] = []
  try {
    processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {}
  return processes.some((id) => {
    try {
      return readlinkSync(`/proc/${id}/cwd`) === data
    } catch {
      return false // has ended, or is somebody else's
    }
  })
}

function endWithCaller(): void {
  if (endsWithCaller) return
  endsWithCaller = true
  process.on('exit', () => {
    for (const cluster of running) cluster.removeNow()
  })
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
}

async function until(what: string, reached: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MILLISECONDS
  while (!(await reached())) {
    if (Date.now() > end) throw new Error(`In ${PATIENCE_MILLISECONDS / 1000} seconds it was not reached that ${what}`)
    await sleep(20)
  }
}
