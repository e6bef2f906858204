// What a restored backup does to sessions that went on after it: `npm run torture:restore`. Tokens are numbered from the
// backup: 0 was the newest then, -1 was spent before, 1 was made after. Fails when somebody stays whom the owner's return
// should have ended.

import { randomUUID } from 'node:crypto'
import { Api } from '../harness/api.ts'
import { TesseraServer } from '../harness/tessera-server.ts'
import { postgresDatabase, type RestorableDatabase, sqliteDatabase } from './restore/restorable-database.ts'
import { RestoredSession } from './restore/restored-session.ts'
import { STORIES } from './restore/stories.ts'

const KINDS = ['login', 'pair'] as const
const serviceKey = randomUUID()

interface Played {
  session: RestoredSession
  lives: boolean
  ownerWasRefused: boolean
}

interface Row {
  cells: string[]
  where: string[]
}

const rows = new Map<string, Row>()
const remedies: string[] = []
let violations = 0
for (const database of [sqliteDatabase(), await postgresDatabase()]) {
  await restoreOn(database)
  await database.remove()
}
report()
process.exit(violations > 0 ? 1 : 0)

async function restoreOn(database: RestorableDatabase): Promise<void> {
  const server = await TesseraServer.start({
    DATABASE_URL: database.url,
    JWT_SECRET_KEY: 'kept over the restoring',
    PAIR_ISSUANCE: 'service',
    SERVICE_KEYS: serviceKey,
    // Backups are older than the window: what was spent before one is not repeated without its key.
    REFRESH_REPLAY_WINDOW: '0',
  })
  const api = new Api({ url: () => server.url, serviceKey })
  const sessions: RestoredSession[] = []
  for (const story of STORIES) {
    for (const kind of KINDS) sessions.push(await RestoredSession.begin(api, kind, story))
  }
  await database.backUp()
  for (const session of sessions) await session.goOn()
  const young = await api.newSession('login')

  await server.stop()
  await database.restore()
  await server.start()
  const played: Played[] = []
  for (const session of sessions) played.push({ session, ...(await session.play()) })
  const events = await auditOf(server)
  for (const each of played) judge(each, database.name, events.get(each.session.id) ?? [])
  const unknown = await api.refresh('login', young)
  note(database.name, ['began after the backup', `owner 0: ${unknown?.status}`, 'unknown', '', 'ended'])
  await tryRemedies(server, database, api, sessions)
  await server.remove()
}

/** What ended each session. */
async function auditOf(server: TesseraServer): Promise<Map<string, string[]>> {
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

function judge({ session, lives, ownerWasRefused }: Played, database: string, events: string[]): void {
  const spentLived = session.trace.some((step) => step.startsWith('thief 0: 200'))
  let verdict = spentLived ? 'lived till the owner came' : 'ended'
  if (lives) verdict = spentLived ? 'lives again' : 'goes on'
  const ownerCame = session.trace.findIndex((step) => step.startsWith('owner'))
  const thiefWentOn = session.trace.slice(ownerCame + 1).some((step) => /^thief .*: 200$/.test(step))
  if ((lives && ownerWasRefused) || (ownerCame >= 0 && thiefWentOn)) {
    violations++
    verdict = '**the thief stays**'
  }
  const cells = [session.story.title, session.trace.join(', '), lives ? 'lives' : 'dead', events.join(', '), verdict]
  note(`${database} ${session.kind}`, cells)
}

/** The same story in all places is one line. */
function note(where: string, cells: string[]): void {
  const key = cells.join('|')
  const row = rows.get(key) ?? { cells, where: [] }
  row.where.push(where)
  rows.set(key, row)
}

/** What an operator can do right after restoring, before anybody is let in. */
async function tryRemedies(
  server: TesseraServer,
  database: RestorableDatabase,
  api: Api,
  sessions: RestoredSession[],
): Promise<void> {
  await server.stop()
  await database.restore()
  await server.start()
  await server.command('sessions', 'end', '--all', '--yes')
  const afterAll = `${await countLiving(api, sessions)} of ${sessions.length} sessions can be refreshed`
  const opened = `${await countReading(api, sessions)} can be read with an access token`
  remedies.push(`${database.name}: \`sessions end --all\`: ${afterAll}, ${opened}`)
  if (!afterAll.startsWith('0') || !opened.startsWith('0')) violations++
  await server.stop()
  await database.restore()
  await server.start({ REFRESH_SECRET_KEY: 'a new one, and the old one listed nowhere' })
  const living = await countLiving(api, sessions)
  const reading = await countReading(api, sessions)
  remedies.push(
    `${database.name}: a new REFRESH_SECRET_KEY instead: ${living} of ${sessions.length} sessions can be refreshed, ` +
      `${reading} can be read with an access token until that expires`,
  )
}

async function countReading(api: Api, sessions: RestoredSession[]): Promise<number> {
  const reads = await Promise.all(sessions.map(({ all }) => readsWithAny(api, all)))
  return reads.filter(Boolean).length
}

async function countLiving(api: Api, sessions: RestoredSession[]): Promise<number> {
  let living = 0
  for (const { kind, all } of sessions) {
    let lives = false
    for (const tokens of all) lives ||= (await api.refresh(kind, tokens))?.status === 200
    if (lives) living++
  }
  return living
}

async function readsWithAny(api: Api, all: RestoredSession['all']): Promise<boolean> {
  const answers = await Promise.all(all.map((tokens) => api.me(tokens)))
  return answers.some((answer) => answer?.status === 200)
}

function report(): void {
  const line = (cells: string[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`)
  const header = ['what happened', 'who presents which token: answer', 'session', 'audited', 'so', 'where']
  line(header)
  line(header.map(() => '---'))
  const everywhere = 2 * KINDS.length
  for (const { cells, where } of rows.values()) line([...cells, where.length === everywhere ? 'all' : where.join(', ')])
  process.stdout.write(`\n${remedies.join('\n')}\n\nviolations: ${violations}\n`)
}
