import { readFileSync } from 'node:fs'
import { freePort } from '../../../harness/free-port.ts'
import { endProcess, launchTessera } from '../../../harness/launch-tessera.ts'
import { copyVersion, findEarlierCommits } from '../site/versions.ts'
import { hasMigration, migrate } from './migration-scenes.ts'
import type { Scene, Stage } from './scene.ts'

const READER_MILLISECONDS = 20_000

/** Servers of the version before have prepared statements that select this column. */
const NEW_TYPE = '9001_rehearsed_type.sql'
const TYPE_CHANGE = 'alter table users alter column first_name type varchar(200);\n'

export const upgrade: Scene = {
  name: 'upgrade',
  title: 'upgrade from the last package, and back',
  mayFail: 'never',
  isShort: false,
  servesEarlierVersion: true,
  missing: () => (findEarlierCommits().length === 0 ? 'this clone has no history with an earlier version' : null),
  play: (stage) => stage.fault(() => upgradeAndBack(stage)),
}

async function upgradeAndBack(stage: Stage): Promise<void> {
  const { site, earlierCommand } = stage
  if (earlierCommand === null) throw new Error('no earlier version serves')
  const command = copyVersion(site.folder, { [NEW_TYPE]: TYPE_CHANGE })
  await Promise.all([readForLong(stage), migrate(stage, command)])
  stage.check(await hasMigration(stage, NEW_TYPE), 'the type was not changed')
  await stage.calm() // the earlier version serves the newer schema
  await site.restartAll({ command })
  await stage.calm()
  await site.restartAll({ command: earlierCommand })
  for (const { log, name } of site.replicas)
    stage.check(
      namesUnknown(readFileSync(log, 'utf8')),
      `replica ${name} did not name the migrations that it does not know`,
    )
  await refuseTooNew(stage, earlierCommand)
}

/** Reads all tables in one transaction that stays open. */
async function readForLong({ site }: Stage): Promise<void> {
  await site.database.connected(async (client) => {
    const tables = await client.query<{ name: string }>(
      "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
    )
    await client.query('begin transaction isolation level repeatable read')
    for (const { name } of tables.rows) await client.query(`select count(*) from ${name}`)
    await client.query('select pg_sleep($1)', [READER_MILLISECONDS / 1000])
    await client.query('commit')
  })
}

function namesUnknown(log: string): boolean {
  return log.split('\n').some((line) => /newer version has changed the schema/.test(line) && line.includes(NEW_TYPE))
}

/** A schema that declares itself incompatible is refused by the earlier version. */
async function refuseTooNew(stage: Stage, command: string): Promise<void> {
  const { database, folder, replicas } = stage.site
  await database.query("insert into installation (name, value) values ('minimum_version', '9001')")
  const environment = { ...replicas[0]?.environment, PORT: String(await freePort()) }
  const started = await launchTessera({ folder, environment, command }).catch((error: Error) => error)
  if (started instanceof Error)
    stage.check(/schema is too new/.test(started.message), `it was refused otherwise: ${started.message}`)
  else {
    stage.check(false, 'a version that the schema excludes serves')
    await endProcess(started.child, 'SIGKILL')
  }
  await database.query("delete from installation where name = 'minimum_version'")
}
