// Shows what happens to sessions that continued after a backup when it is restored: `npm run torture:restore`.
// Tokens are numbered from the backup: 0 was the newest then, -1 was used before it, 1 was issued after it. A thief who can
// continue after the owner has returned is a violation.
import { randomUUID } from 'node:crypto'
import { Api } from '../harness/api.ts'
import { TesseraServer } from '../harness/tessera-server.ts'
import { RestoreReport } from './restore/report.ts'
import { postgresDatabase, type RestorableDatabase, sqliteDatabase } from './restore/restorable-database.ts'
import { type PlayedStory, RestoredSession } from './restore/restored-session.ts'
import { STORIES } from './restore/stories.ts'

const KINDS = ['login', 'pair'] as const
const serviceKey = randomUUID()
const results = new RestoreReport()
for (const database of [sqliteDatabase(), await postgresDatabase()]) {
  await restoreOn(database)
  await database.remove()
}
results.print(2 * KINDS.length)
process.exit(results.violations > 0 ? 1 : 0)

async function restoreOn(database: RestorableDatabase): Promise<void> {
  const server = await TesseraServer.start({
    DATABASE_URL: database.url,
    JWT_SECRET_KEY: 'the same secret before and after the restore',
    PAIR_ISSUANCE: 'service',
    SERVICE_KEYS: serviceKey,
    // Backups are older than the window: a token that was used before one is not repeated without its key.
    REFRESH_REPLAY_WINDOW: '0',
  })
  const api = new Api({ url: () => server.url, serviceKey })
  const sessions: RestoredSession[] = []
  for (const story of STORIES) for (const kind of KINDS) sessions.push(await RestoredSession.start(api, kind, story))
  await database.backUp()
  for (const session of sessions) await session.continueAfterBackup()
  const afterBackup = await api.newSession('login')

  await restart(server, database)
  const played: [RestoredSession, PlayedStory][] = []
  for (const session of sessions) played.push([session, await session.playAfterRestore()])
  const events = await auditEvents(server)
  for (const [session, outcome] of played)
    results.addStory(database.name, session, outcome, events.get(session.id) ?? [])
  const answer = await api.refresh('login', afterBackup)
  results.addRow(database.name, ['started after the backup', `owner 0: ${answer?.status}`, 'unknown', '', 'ended'])
  await tryRemedies(server, database, sessions)
  await server.remove()
}

async function restart(
  server: TesseraServer,
  database: RestorableDatabase,
  changes: Record<string, string> = {},
): Promise<void> {
  await server.stop()
  await database.restore()
  await server.start(changes)
}

/** Reads which audit events each session has. */
async function auditEvents(server: TesseraServer): Promise<Map<string, string[]>> {
  const events = new Map<string, string[]>()
  for (const kind of ['history_lost', 'refresh_token_reused', 'logout']) {
    const lines = await server.command('audit', '--kind', kind, '--limit', '1000', '--json')
    for (const line of lines.split('\n').filter(Boolean)) {
      const { session_id } = JSON.parse(line)
      events.set(session_id, [...(events.get(session_id) ?? []), kind])
    }
  }
  return events
}

/** Tries what an operator can do right after a restore, before the service is reachable again. */
async function tryRemedies(
  server: TesseraServer,
  database: RestorableDatabase,
  sessions: readonly RestoredSession[],
): Promise<void> {
  await restart(server, database)
  await server.command('sessions', 'end', '--all', '--yes')
  const refreshable = await countIf(sessions, (session) => session.canRefresh())
  const readable = await countIf(sessions, (session) => session.canRead())
  results.addRemedy(database.name, '`sessions end --all`', { refreshable, readable, sessions: sessions.length })
  if (refreshable > 0 || readable > 0) results.violations++
  await restart(server, database, { REFRESH_SECRET_KEY: 'a new secret, while the old one is not in the key ring' })
  results.addRemedy(database.name, 'a new REFRESH_SECRET_KEY instead', {
    refreshable: await countIf(sessions, (session) => session.canRefresh()),
    readable: await countIf(sessions, (session) => session.canRead()),
    sessions: sessions.length,
  })
}

async function countIf(
  sessions: readonly RestoredSession[],
  test: (session: RestoredSession) => Promise<boolean>,
): Promise<number> {
  let count = 0
  for (const session of sessions) if (await test(session)) count++
  return count
}
