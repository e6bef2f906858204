import pg from 'pg'

/** The use of a cluster's write-ahead log. */
export interface WalUse {
  syncs: number
  bytes: number
}

/** Counts what a whole cluster of PostgreSQL 14 or later writes to its log while something runs: nothing else should use it. */
export async function countWal(url: string, during: () => Promise<unknown>): Promise<WalUse> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const read = async (): Promise<WalUse> => {
    // A backend publishes its counts when it is idle, and not before a second is over.
    await client.query('select pg_sleep(1.5)')
    const { rows } = await client.query('select wal_sync::int as syncs, wal_bytes::float8 as bytes from pg_stat_wal')
    return rows[0]
  }
  const before = await read()
  await during()
  const after = await read()
  await client.end()
  return { syncs: after.syncs - before.syncs, bytes: after.bytes - before.bytes }
}
