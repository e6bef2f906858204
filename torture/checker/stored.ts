import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import type { Stored } from './evidence.ts'

const SESSIONS = `select s.id, u.email, s.kind, s.revoke_reason from sessions s join users u on u.id = s.user_id`
const TOKENS = `select session_id, generation, used_at is not null as used from refresh_tokens`
const MAILS = `select o.kind, u.email, o.data, o.dedupe_key, o.sent_at is not null as sent,
  coalesce(o.leased_until > 'NOW', false) as leased
  from outbox o join users u on u.id = o.user_id`

/** Whoever comes next needs a moment to notice that a lease has run out. */
const PICK_UP_MILLISECONDS = 15_000

/** Reads what the checks need out of the database, of either kind. */
export async function readStored(databaseUrl: string): Promise<Stored> {
  const [sessions, tokens, mails] = await readAtOnce(databaseUrl, [
    SESSIONS,
    TOKENS,
    MAILS.replace('NOW', new Date(Date.now() - PICK_UP_MILLISECONDS).toISOString()),
  ])
  return {
    sessions: sessions as Stored['sessions'],
    tokens: tokens.map((row) => ({ ...row, used: Boolean(row['used']) })) as Stored['tokens'],
    mails: mails.map((row) => ({
      ...row,
      data: typeof row['data'] === 'string' ? JSON.parse(row['data']) : row['data'],
      sent: Boolean(row['sent']),
      leased: Boolean(row['leased']),
    })) as Stored['mails'],
  }
}

type Rows = Record<string, unknown>[]

/** In one transaction, so that all is of one moment. */
async function readAtOnce(databaseUrl: string, statements: [string, string, string]): Promise<[Rows, Rows, Rows]> {
  const results: Rows[] = []
  if (databaseUrl.startsWith('sqlite:')) {
    const db = new DatabaseSync(databaseUrl.slice('sqlite:'.length), { readOnly: true })
    db.exec('begin')
    for (const statement of statements) results.push(db.prepare(statement).all() as Rows)
    db.close()
  } else {
    const client = new pg.Client({ connectionString: databaseUrl })
    client.on('error', () => {})
    await client.connect()
    await client.query('begin isolation level repeatable read')
    for (const statement of statements) results.push((await client.query(statement)).rows)
    await client.end()
  }
  return results as [Rows, Rows, Rows]
}

/** What servers say when they meet what they were not written for. */
const BUG = /a request failed|no key of the ring|has lost history|"level":60/

/** The lines of servers' logs that tell of a bug. */
export function bugsIn(logs: readonly string[]): string[] {
  return logs.flatMap((log) =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => BUG.test(line)),
  )
}
