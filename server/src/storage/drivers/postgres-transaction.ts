import type pg from 'pg'
import type { Sql } from 'sql-template-tag'
import type { Transaction } from '../database/database.ts'
import { toParameter } from './parameter.ts'
import { translatePostgresError } from './postgres-errors.ts'

const NO_TIMEOUT = 2 ** 31 - 1 // 0 would select the pool's timeout

export class PostgresTransaction implements Transaction {
  readonly dialect = 'postgres'
  readonly #connection: pg.PoolClient
  #ended = false

  constructor(connection: pg.PoolClient) {
    this.#connection = connection
  }

  async query<Row extends object>(statement: Sql): Promise<Row[]> {
    return run<Row>(this.#open(), statement)
  }

  async script(text: string): Promise<void> {
    // Migrations may take longer than the statements of requests: no client waits for them.
    const query = { text: `set local statement_timeout = 0; ${text}`, query_timeout: NO_TIMEOUT }
    await this.#open().query(query).catch(translatePostgresError)
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

/** Runs a statement that is prepared once per connection, under its own name, so that PostgreSQL plans each text once. */
export async function run<Row extends object>(connection: pg.PoolClient, statement: Sql): Promise<Row[]> {
  const text = statement.text
  let name = statementNames.get(text)
  if (!name) {
    name = `t${statementNames.size + 1}`
    statementNames.set(text, name)
  }
  const values = statement.values.map(toParameter)
  const result = await connection.query({ name, text, values }).catch(translatePostgresError)
  return result.rows as Row[]
}

export function execute(connection: pg.PoolClient, text: string): Promise<pg.QueryResult> {
  return connection.query(text).catch(translatePostgresError)
}
