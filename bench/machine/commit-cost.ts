import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { median } from '../../harness/statistics.ts'

const COMMITS = 500

/** Measures how long a durable commit of a small row takes on this machine: the median, in milliseconds. */
export async function commitMilliseconds(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'))
  const db = new DatabaseSync(join(folder, 'commits.db'))
  db.exec('pragma journal_mode = wal; pragma synchronous = full; create table rows (value text)')
  const insert = db.prepare('insert into rows values (?)')
  const times: number[] = []
  for (let count = 0; count < COMMITS; count++) {
    const began = performance.now()
    insert.run('a row as long as that of a refresh token, more or less, in its digest and its salt')
    times.push(performance.now() - began)
  }
  db.close()
  rmSync(folder, { recursive: true })
  return median(times)
}
