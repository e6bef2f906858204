import { findSessions } from '../../storage/session/sessions.ts'
import { requireUser } from '../run/require-user.ts'
import { withDatabase } from '../run/with-database.ts'
import { print, printJson, printMore, printTable } from '../terminal/output.ts'
import { sessionState } from './session-state.ts'

export interface ListOptions {
  user?: string
  ended?: boolean
  limit: number
  json?: boolean
}

export async function listSessionsCommand(options: ListOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const userId = options.user === undefined ? null : (await requireUser(ctx, options.user)).id
    const filter = { id: null, userId, onlyActive: !options.ended, now: ctx.now(), limit: options.limit }
    const sessions = await findSessions(ctx.db, filter)
    if (options.json) return printJson(sessions)
    if (sessions.length === 0) return print(options.ended ? 'No sessions found.' : 'No active sessions found.')
    printTable(
      sessions.map((session) => ({
        id: session.id,
        email: session.email,
        kind: session.kind,
        ip: session.ip,
        created_at: session.created_at,
        refreshed_at: session.refreshed_at,
        state: sessionState(session, ctx.now()),
        device: session.user_agent,
      })),
      ctx.now(),
    )
    printMore(sessions, options.limit)
  })
}
