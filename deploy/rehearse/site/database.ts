import pg from 'pg'
import { type PgBouncer, pgbouncerVersion, startPgbouncer } from '../../../harness/pgbouncer.ts'
import { createPostgresCluster, type PostgresCluster } from '../../../harness/postgres-cluster.ts'
import { startTcpProxy, type TcpProxy } from '../../../harness/tcp-proxy.ts'

/** The version from which on PgBouncer keeps prepared statements. */
const PREPARING_MINOR = 21
/** Debian's default is 15: for so long it would refuse connections after one failure. */
const POOLER_SETTINGS = { server_login_retry: '1' }

/** A primary with a synchronous standby behind one address, which a failover points elsewhere, and a pooler. */
export class SiteDatabase {
  primary: PostgresCluster
  standby: PostgresCluster
  readonly #address: TcpProxy
  readonly #pooler: PgBouncer | null

  static async start(): Promise<SiteDatabase> {
    const primary = await createPostgresCluster()
    const address = await startTcpProxy({ port: primary.port })
    const url = Object.assign(new URL(primary.url), { port: address.port }).href
    const pooler = pgbouncerVersion() ? await startPgbouncer(url, POOLER_SETTINGS) : null
    return new SiteDatabase({ primary, standby: await primary.standby(), address, pooler })
  }

  private constructor(parts: {
    primary: PostgresCluster
    standby: PostgresCluster
    address: TcpProxy
    pooler: PgBouncer | null
  }) {
    this.primary = parts.primary
    this.standby = parts.standby
    this.#address = parts.address
    this.#pooler = parts.pooler
  }

  get hasPooler(): boolean {
    return this.#pooler !== null
  }

  /** The settings of a server that reaches the database by its address. */
  get direct(): Record<string, string> {
    return { DATABASE_URL: Object.assign(new URL(this.primary.url), { port: this.#address.port }).href }
  }

  /** Those of one that reaches it through the pooler; the address again where there is none. */
  get pooled(): Record<string, string> {
    if (!this.#pooler) return this.direct
    const [major, minor] = pgbouncerVersion() ?? [0, 0]
    const isPreparing = major > 1 || minor >= PREPARING_MINOR
    return { DATABASE_URL: this.#pooler.url, DATABASE_PREPARED: isPreparing ? 'on' : 'off' }
  }

  /** Kills the primary, makes the standby the primary, and gives that a new standby. */
  async failOver(): Promise<void> {
    const lost = this.primary
    await lost.kill()
    await this.standby.promote()
    this.#address.target = { port: this.standby.port }
    this.#address.cut()
    this.primary = this.standby
    this.standby = await this.primary.standby()
    await lost.remove()
  }

  /** Runs a statement on the primary. */
  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.connected(async (client) => (await client.query<Row>(text, values)).rows)
  }

  /** Runs work on a connection of its own to the primary, which may also write while the primary is read-only. */
  async connected<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const options = '-c default_transaction_read_only=off'
    const client = new pg.Client({ connectionString: this.primary.url, options })
    client.on('error', () => {}) // the statement fails with it
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end().catch(() => {})
    }
  }

  async close(): Promise<void> {
    this.#address.close()
    await this.#pooler?.close()
    await this.standby.remove()
    await this.primary.remove()
  }
}
