import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { Sql } from 'sql-template-tag'
import type { Transaction } from '../database/database.ts'
import { toParameter } from './parameter.ts'
import { translatePostgresError } from './postgres-errors.ts'

const NO_TIMEOUT = 2 ** 31 - 1 // 0 would select the pool's timeout

export class PostgresTransaction implements Transaction {
  readonly dialect = 'postgres'
  readonly #connection: pg.PoolClient
  readonly #prepared: boolean
  readonly #takeAnother: () => Promise<pg.PoolClient>
  #ended = false

  /** @param options.takeAnother returns a second connection, for statements outside the transaction */
  constructor(
    connection: pg.PoolClient,
    { prepared, takeAnother }: { prepared: boolean; takeAnother: () => Promise<pg.PoolClient> },
  ) {
    this.#connection = connection
    this.#prepared = prepared
    this.#takeAnother = takeAnother
  }

  async query<Row extends object>(statement: Sql): Promise<Row[]> {
    return run<Row>(this.#open(), statement, { prepared: this.#prepared })
  }

  async script(text: string): Promise<void> {
    // Migrations may take longer than the statements of requests: no client waits for them.
    const query = { text: `set local statement_timeout = 0; ${text}`, query_timeout: NO_TIMEOUT }
    await this.#open().query(query).catch(translatePostgresError)
  }

  async outside(statement: string): Promise<void> {
    // The last statement still holds its snapshot, which building an index would wait for; a simple query ends that.
    await execute(this.#open(), 'select 1')
    const other = await this.#takeAnother()
    try {
      await execute(other, 'set statement_timeout = 0')
      await other.query({ text: statement, query_timeout: NO_TIMEOUT } as pg.QueryConfig).catch(translatePostgresError)
    } finally {
      other.release(true) // with its settings
    }
  }

  end(): void {
    this.#ended = true
  }

  #open(): pg.PoolClient {
    if (this.#ended) throw new Error('the transaction has ended')
    return this.#connection
  }
}

const statementNames = new Map<string, string>()

/**
 * Runs a statement.
 *
 * @param options.prepared prepares it once per connection, under its own name, so that PostgreSQL plans each text once
 */
export async function run<Row extends object>(
  connection: pg.PoolClient,
  statement: Sql,
  { prepared }: { prepared: boolean },
): Promise<Row[]> {
  const { text } = statement
  const values = statement.values.map(toParameter)
  const query = prepared ? { name: statementName(text), text, values } : { text, values }
  const result = await connection.query(query).catch(translatePostgresError)
  return result.rows as Row[]
}

/**
 * Returns a name that depends on the text alone. A pooler that knows nothing of prepared statements gives a connection the
 * statements of another process: with this name they are the same statements.
 */
function statementName(text: string): string {
  let name = statementNames.get(text)
  if (name === undefined) {
    name = `tessera_${createHash('sha256').update(text).digest('base64url').slice(0, 24)}`
    statementNames.set(text, name)
  }
  return name
}

export function execute(connection: pg.PoolClient, text: string): Promise<pg.QueryResult> {
  return connection.query(text).catch(translatePostgresError)
}
