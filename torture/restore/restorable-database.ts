import { chownSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { createPostgresCluster } from '../../harness/postgres-cluster.ts'
import { databaseAccount, runProgram } from '../../harness/postgres-programs.ts'

/** A database that can be backed up while a server runs, and restored while none runs. */
export interface RestorableDatabase {
  name: string
  url: string
  backUp(): Promise<void>
  restore(): Promise<void>
  remove(): Promise<void>
}

export function sqliteDatabase(): RestorableDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-restore-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const file = join(folder, 'tessera.db')
  const backup = join(folder, 'backup.db')
  return {
    name: 'SQLite',
    url: `sqlite:${file}`,
    async backUp() {
      const database = new DatabaseSync(file, { timeout: 5000 })
      database.prepare('vacuum into ?').run(backup)
      database.close()
    },
    async restore() {
      for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true })
      copyFileSync(backup, file)
    },
    remove: async () => remove(),
  }
}

export async function postgresDatabase(): Promise<RestorableDatabase> {
  const cluster = await createPostgresCluster()
  const elsewhere = cluster.url.replace(/tessera$/, 'postgres')
  const folder = mkdtempSync(join(tmpdir(), 'tessera-restore-'))
  const { uid, gid } = databaseAccount()
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
  const backup = join(folder, 'backup')
  const removeBackup = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeBackup)
  return {
    name: 'PostgreSQL',
    url: cluster.url,
    backUp: () => runProgram('pg_dump', ['--format', 'custom', '--file', backup, cluster.url]),
    async restore() {
      const client = new pg.Client({ connectionString: elsewhere })
      await client.connect()
      await client.query('drop database tessera with (force)')
      await client.query('create database tessera')
      await client.end()
      await runProgram('pg_restore', ['--exit-on-error', '--dbname', cluster.url, backup])
    },
    async remove() {
      await cluster.remove()
      removeBackup()
    },
  }
}
