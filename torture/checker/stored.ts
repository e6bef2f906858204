import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import type { Stored } from './evidence.ts'

const SESSIONS = `select s.id, u.email, s.kind, s.revoke_reason from sessions s join users u on u.id = s.user_id`
const TOKENS = `select session_id, generation, used_at is not null as used from refresh_tokens`
const MAILS = `select o.kind, u.email, o.data, o.dedupe_key, o.sent_at is not null as sent
  from outbox o join users u on u.id = o.user_id`

/** Reads what the checks need out of the database, of either kind. */
export async function readStored(databaseUrl: string): Promise<Stored> {
  const query = await connect(databaseUrl)
  const mails = await query(MAILS)
  return {
    sessions: (await query(SESSIONS)) as Stored['sessions'],
    tokens: (await query(TOKENS)).map((row) => ({ ...row, used: Boolean(row['used']) })) as Stored['tokens'],
    mails: mails.map((row) => ({
      ...row,
      data: typeof row['data'] === 'string' ? JSON.parse(row['data']) : row['data'],
      sent: Boolean(row['sent']),
    })) as Stored['mails'],
  }
}

type Query = (statement: string) => Promise<Record<string, unknown>[]>

async function connect(databaseUrl: string): Promise<Query> {
  if (databaseUrl.startsWith('sqlite:')) {
    const db = new DatabaseSync(databaseUrl.slice('sqlite:'.length), { readOnly: true })
    return async (statement) => db.prepare(statement).all() as Record<string, unknown>[]
  }
  return async (statement) => {
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    const { rows } = await client.query(statement)
    await client.end()
    return rows
  }
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
