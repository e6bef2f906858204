import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import type { Snapshot } from './evidence.ts'

const SESSIONS = `select s.id, u.email, s.kind, s.revoke_reason from sessions s join users u on u.id = s.user_id`
const TOKENS = `select session_id, generation, used_at is not null as used from refresh_tokens`
const MAILS = `select o.kind, u.email, o.data, o.dedupe_key, o.sent_at is not null as sent,
  coalesce(o.leased_until > 'NOW', false) as leased,
  coalesce(o.last_error = 'not sent: its link is no longer good', false) as dropped
  from outbox o join users u on u.id = o.user_id`

/** A server needs this long to notice that the lease of a mail has expired. */
const PICK_UP_MILLISECONDS = 15_000

/** Takes a snapshot of a database of either kind. */
export async function takeSnapshot(databaseUrl: string): Promise<Snapshot> {
  const mailQuery = MAILS.replace('NOW', new Date(Date.now() - PICK_UP_MILLISECONDS).toISOString())
  const queryAll = databaseUrl.startsWith('sqlite:') ? querySqlite : queryPostgres
  const [sessions, tokens, mails] = await queryAll(databaseUrl, [SESSIONS, TOKENS, mailQuery])
  return {
    sessions: sessions as Snapshot['sessions'],
    tokens: tokens?.map((row) => ({ ...row, used: Boolean(row['used']) })) as Snapshot['tokens'],
    mails: mails?.map((row) => ({
      ...row,
      data: typeof row['data'] === 'string' ? JSON.parse(row['data']) : row['data'],
      sent: Boolean(row['sent']),
      dropped: Boolean(row['dropped']),
      leased: Boolean(row['leased']),
    })) as Snapshot['mails'],
  }
}

type Rows = Record<string, unknown>[]

/** Runs all statements in one transaction, so that they see the same moment. */
async function querySqlite(databaseUrl: string, statements: string[]): Promise<Rows[]> {
  const db = new DatabaseSync(databaseUrl.slice('sqlite:'.length), { readOnly: true })
  try {
    db.exec('begin')
    return statements.map((statement) => db.prepare(statement).all() as Rows)
  } finally {
    db.close()
  }
}

async function queryPostgres(databaseUrl: string, statements: string[]): Promise<Rows[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on('error', () => {}) // the statement fails with it
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read')
    const results: Rows[] = []
    for (const statement of statements) results.push((await client.query(statement)).rows)
    return results
  } finally {
    await client.end().catch(() => {})
  }
}
