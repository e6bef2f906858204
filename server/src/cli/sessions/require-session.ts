import { isUuid } from '../../crypto/tokens/uuid.ts'
import { findSessions, type SessionRow } from '../../storage/session/sessions.ts'
import type { CommandContext } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'

/** Finds a session by its id, ended or not. @throws {CommandError} if there is none */
export async function requireSession({ db, now }: CommandContext, id: string): Promise<SessionRow> {
  const filter = { id: id.toLowerCase(), userId: null, onlyActive: false, now: now(), limit: 1 }
  const [session] = isUuid(id) ? await findSessions(db, filter) : []
  if (!session)
    throw new CommandError(`No session has the id ${JSON.stringify(id)}; tessera sessions list shows the ids.`)
  return session
}
