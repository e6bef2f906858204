import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { runTessera } from '../../../harness/launch-tessera.ts'
import { programOptions, programPath } from '../../../harness/postgres-programs.ts'
import { Program } from '../site/program.ts'
import { copyVersion } from '../site/versions.ts'
import type { Scene, Stage } from './scene.ts'

/** Both tables are in use by the dump and by every login. */
const ADDITIVE = `
alter table users add column rehearsed text;
alter table audit_events add column rehearsed text;
`
const DUMP_MILLISECONDS = 6000
const POLL_INTERVAL_MILLISECONDS = 20

export const migrationBesideDump: Scene = {
  name: 'migration',
  title: 'migration beside a dump',
  mayFail: 'never',
  isShort: false,
  play: (stage) => stage.fault(() => migrateBesideDump(stage)),
}

async function migrateBesideDump(stage: Stage): Promise<void> {
  const { site } = stage
  const command = copyVersion(site.folder, { '9000_rehearsed.sql': ADDITIVE })
  const dump = await startDump(stage)
  dump.signal('SIGSTOP') // as a dump of much more data, it holds its locks
  const migrating = migrate(stage, command)
  await sleep(DUMP_MILLISECONDS)
  stage.check(!(await hasMigration(stage, '9000_rehearsed.sql')), 'the migration did not wait for the dump')
  dump.signal('SIGCONT')
  stage.check((await dump.ended()) === 0, 'the dump failed')
  await migrating
  stage.check(await hasMigration(stage, '9000_rehearsed.sql'), 'the migration was not applied')
}

/** Runs `tessera migrate` of a version as an operator does. */
export async function migrate({ site }: Stage, command: string): Promise<void> {
  const environment = { ...site.replicas[0]?.environment }
  const { code, output } = await runTessera(['migrate'], { folder: site.folder, environment, command })
  if (code !== 0) throw new Error(`tessera migrate ended with ${code}: ${output}`)
}

export async function hasMigration({ site }: Stage, name: string): Promise<boolean> {
  return (await site.database.query('select from migrations where name = $1', [name])).length === 1
}

/** Starts `pg_dump` and waits until it has locked the tables. */
async function startDump({ site }: Stage): Promise<Program> {
  const name = randomUUID()
  const database = `host=127.0.0.1 port=${site.database.primary.port} user=postgres dbname=tessera application_name=${name}`
  const dump = new Program(programPath('pg_dump'), ['--dbname', database, '--file', '/dev/null'], programOptions())
  const locks = `select from pg_locks join pg_stat_activity using (pid)
    where application_name = $1 and relation = 'users'::regclass`
  while ((await site.database.query(locks, [name])).length === 0) await sleep(POLL_INTERVAL_MILLISECONDS)
  return dump
}
