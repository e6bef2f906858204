import { findSessions } from '../../storage/session/sessions.ts'
import { requireUser } from '../run/require-user.ts'
import { withDatabase } from '../run/with-database.ts'
import { printUser } from './print-user.ts'

const MAX_COUNTED_SESSIONS = 1000

export async function showUserCommand(name: string, options: { json?: boolean }): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const user = await requireUser(ctx, name)
    const filter = { id: null, userId: user.id, onlyActive: true, now: ctx.now(), limit: MAX_COUNTED_SESSIONS }
    const living_sessions = (await findSessions(ctx.db, filter)).length
    printUser(
      user,
      { password: user.password_digest === null ? 'none' : 'set', living_sessions },
      { now: ctx.now(), json: options.json },
    )
  })
}
