import sql from 'sql-template-tag'
import type { Queries } from './database.ts'

/** Returns how many connections this role may have to this database, on PostgreSQL; null on SQLite. */
export async function connectionBudget(db: Queries): Promise<number | null> {
  if (db.dialect === 'sqlite') return null
  const rows = await db.query<{ connections: number }>(sql`
    select least(
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
      (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user),
      (select nullif(datconnlimit, -1) from pg_database where datname = current_database())
    ) as connections`)
  return rows[0]?.connections ?? null
}
