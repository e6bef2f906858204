import sql from 'sql-template-tag'
import type { Queries } from './database.ts'

/** Records for good that a production server has served this database. */
export async function markAsProduction(db: Queries): Promise<void> {
  await db.query(sql`
    insert into installation (name, value) values (${'environment'}, ${'production'})
    on conflict do nothing returning name`)
}

/** Whether a production server has ever served this database. */
export async function isProductionDatabase(db: Queries): Promise<boolean> {
  const rows = await db.query<{ value: string }>(sql`select value from installation where name = ${'environment'}`)
  return rows[0]?.value === 'production'
}
