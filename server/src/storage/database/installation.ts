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
  return (await readFact(db, 'environment')) === 'production'
}

/** Reads a fact about this database; null if there is none of this name. */
export async function readFact(db: Queries, name: string): Promise<string | null> {
  const rows = await db.query<{ value: string }>(sql`select value from installation where name = ${name}`)
  return rows[0]?.value ?? null
}

export async function writeFact(db: Queries, name: string, value: string): Promise<void> {
  await db.query(sql`
    insert into installation (name, value) values (${name}, ${value})
    on conflict (name) do update set value = excluded.value returning name`)
}

export async function clearFact(db: Queries, name: string): Promise<void> {
  await db.query(sql`delete from installation where name = ${name} returning name`)
}
