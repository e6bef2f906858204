import sql from 'sql-template-tag'
import type { Queries } from './database.ts'

/** How a PostgreSQL server keeps what was committed. */
export interface PostgresHealth {
  fsync: boolean
  full_page_writes: boolean
  autovacuum: boolean
  synchronous_commit: string
  synchronous_standby_names: string
  has_standby: boolean
  is_standby: boolean
  is_superuser: boolean
}

/** Reads what any role may read. */
export async function readPostgresHealth(db: Queries): Promise<PostgresHealth> {
  const rows = await db.query<PostgresHealth>(sql`
    select current_setting('fsync')::bool as fsync,
      current_setting('full_page_writes')::bool as full_page_writes,
      current_setting('autovacuum')::bool as autovacuum,
      current_setting('synchronous_commit') as synchronous_commit,
      current_setting('synchronous_standby_names') as synchronous_standby_names,
      exists (select 1 from pg_stat_replication where coalesce(state, '') <> 'backup') as has_standby,
      pg_is_in_recovery() as is_standby,
      (select rolsuper from pg_roles where rolname = current_user) as is_superuser`)
  return rows[0] as PostgresHealth
}
