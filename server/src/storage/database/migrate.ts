import { readdir, readFile } from 'node:fs/promises'
import sql from 'sql-template-tag'
import type { Database, Transaction } from './database.ts'

const MIGRATIONS = new URL('../../../migrations/', import.meta.url)

/**
 * Applies the numbered SQL files of the database's dialect that it has not seen, once and in order. Replicas that start
 * at the same time wait for each other: all of them come up, one of them does the work.
 *
 * @returns the names of the migrations this call applied
 */
export async function migrate(db: Database, now: Date): Promise<string[]> {
  const folder = new URL(`${db.dialect}/`, MIGRATIONS)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')))
  return db.transaction(async (tx) => {
    await takeLock(tx)
    const seen = new Set((await tx.query<{ name: string }>(sql`select name from migrations`)).map((row) => row.name))
    const applied: string[] = []
    for (const [index, name] of names.entries()) {
      if (seen.has(name)) continue
      await tx.script(texts[index] ?? '')
      await tx.query(sql`insert into migrations (name, applied_at) values (${name}, ${now})`)
      applied.push(name)
    }
    return applied
  })
}

async function takeLock(tx: Transaction): Promise<void> {
  if (tx.dialect === 'postgres') {
    // The number is arbitrary and only ours; SQLite's transactions exclude each other by themselves.
    await tx.script('set local lock_timeout = 0; select pg_advisory_xact_lock(7375696382)')
    await tx.script('create table if not exists migrations (name text primary key, applied_at timestamptz not null)')
  } else {
    await tx.script('create table if not exists migrations (name text primary key, applied_at text not null) strict')
  }
}
