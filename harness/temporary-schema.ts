import { randomBytes } from 'node:crypto'
import pg from 'pg'

export interface TemporarySchema {
  /** A `DATABASE_URL` whose connections see nothing but this schema. */
  url: string
  drop(): Promise<void>
}

/** Creates an empty schema in a PostgreSQL database, for programs that expect a database of their own. */
export async function createSchema(databaseUrl: string): Promise<TemporarySchema> {
  const schema = `temporary_${randomBytes(6).toString('hex')}`
  const execute = async (statement: string) => {
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    await client.query(statement)
    await client.end()
  }
  await execute(`create schema ${schema}`)
  const url = new URL(databaseUrl)
  url.searchParams.set('options', `-c search_path=${schema}`)
  return { url: url.href, drop: () => execute(`drop schema ${schema} cascade`) }
}
