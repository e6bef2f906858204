import { randomUUID } from 'node:crypto'
import { insertUser } from '../../src/storage/account/users.ts'
import type { Database } from '../../src/storage/database/database.ts'
import { insertSession, type NewSession } from '../../src/storage/session/new-session.ts'
import { insertFirstToken } from '../../src/storage/session/refresh-tokens.ts'

export const now = new Date('2026-05-01T12:00:00.000Z')
export const later = new Date('2026-06-01T12:00:00.000Z')

/** Inserts a user with a session and its first token. */
export async function insertChain(db: Database, changes: Partial<NewSession> = {}) {
  const names = { first_name: null, last_name: null }
  const account = { guid: randomUUID(), email: `${randomUUID()}@example.com`, password_digest: null, ...names }
  const user = await insertUser(db, { ...account, role: 'user', locale: 'en' }, now)
  const session = { id: randomUUID(), user_id: user.id }
  await db.transaction(async (tx) => {
    const details = {
      kind: 'login',
      rotation: 'adaptive',
      ip: '::1',
      network: '::/64',
      user_agent: null,
      token_carrier: 'body',
      device_digest: null,
      amr: 'pwd',
    } as const
    await insertSession(
      tx,
      { ...session, ...details, expires_at: later, ...changes },
      { now, maxSessions: 0, unusedBefore: now },
    )
    await insertFirstToken(tx, { ...token(session, 0), salt: null }, now)
  })
  return session
}

/** A token of a session, whose secret no client has. */
export function token(session: { id: string; user_id: number }, generation: number) {
  return {
    session_id: session.id,
    user_id: session.user_id,
    token: `selector ${session.id} ${generation}`,
    generation,
    token_digest: randomUUID(),
    salt: randomUUID(),
    jti: randomUUID(),
    ip: '::1',
    expires_at: later,
  }
}
