import sql from 'sql-template-tag'
import type { Transaction } from '../database/database.ts'
import { FENCED } from '../database/errors.ts'
import { FACTS_OF_A_DATABASE } from './own-facts.ts'

const EVENTS = ['insert', 'update', 'delete'] as const

/**
 * Makes a SQLite file refuse every change of its rows, by whichever process and version: one that was frozen before it began
 * to write finds the fence when it goes on. Transactions that have begun are committed before, as SQLite has one writer.
 */
export async function raiseFence(tx: Transaction): Promise<void> {
  await lowerFence(tx)
  for (const table of await findTables(tx)) {
    for (const event of EVENTS) {
      const row = event === 'insert' ? 'new' : 'old'
      const facts = FACTS_OF_A_DATABASE.map((name) => `'${name}'`).join(', ')
      const unlessOwn = table === 'installation' ? `when ${row}.name not in (${facts})` : ''
      await tx.script(`
        create trigger "fence_${event}_${table}" before ${event} on "${table}" ${unlessOwn}
        begin select raise(abort, '${FENCED}'); end`)
    }
  }
}

/** Lets the rows be changed again. */
export async function lowerFence(tx: Transaction): Promise<void> {
  const triggers = await tx.query<{ name: string }>(sql`
    select name from sqlite_schema where type = 'trigger' and name glob 'fence_*'`)
  for (const { name } of triggers) await tx.script(`drop trigger "${name}"`)
}

async function findTables(tx: Transaction): Promise<string[]> {
  const rows = await tx.query<{ name: string }>(sql`
    select name from sqlite_schema where type = 'table' and name not glob 'sqlite_*' order by name`)
  return rows.map(({ name }) => name)
}
