import sql, { raw } from 'sql-template-tag'
import type { Database } from './database.ts'

/** Tables of the schema and of the installation itself. */
const KEPT = ['migrations', 'installation', 'signing_keys', 'signing_kinds']

/** Deletes all rows of users, sessions and mails from a SQLite database of tests. Ids begin at 1 again. */
export async function emptyTables(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    const tables = await tx.query<{ name: string }>(sql`
      select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`)
    await tx.query(sql`pragma defer_foreign_keys = on`)
    for (const { name } of tables) if (!KEPT.includes(name)) await tx.query(sql`delete from ${raw(`"${name}"`)}`)
    await tx.query(sql`delete from sqlite_sequence`)
  })
}
