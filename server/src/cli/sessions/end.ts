import { endSession } from '../../auth/session/end-session.ts'
import { endEverySession, endSessionsOfUser } from '../../auth/session/end-sessions.ts'
import { requireUser } from '../run/require-user.ts'
import { COMMAND_LINE as origin, withDatabase } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type AnswerOptions, printOutcome } from '../terminal/output.ts'
import { confirm } from '../terminal/read-password.ts'
import { requireSession } from './require-session.ts'

export interface EndOptions extends AnswerOptions {
  user?: string
  all?: boolean
  yes?: boolean
}

/** Ends one session by its id, all sessions of a user, or all sessions. */
export async function endSessionCommand(id: string | undefined, options: EndOptions): Promise<void> {
  if ([id, options.user, options.all].filter((named) => named !== undefined).length !== 1) {
    throw new CommandError('Pass the id of a session, --user for all sessions of a user, or --all for all sessions.')
  }
  if (options.all) return endAll(options)
  await withDatabase({ mayCreate: false }, async (ctx) => {
    if (options.user !== undefined) {
      const user = await requireUser(ctx, options.user)
      return printEnded(await endSessionsOfUser(ctx, { userId: user.id, origin }), options)
    }
    const { id: sessionId, user_id: userId } = await requireSession(ctx, id ?? '')
    const session = { id: sessionId, userId }
    const end = { session, reason: 'operator', generation: null, origin, now: ctx.now() } as const
    const ended = await endSession(ctx, end)
    printOutcome(ended ? 'Ended the session.' : 'The session had already ended.', { ended: ended ? 1 : 0 }, options)
  })
}

async function endAll(options: EndOptions): Promise<void> {
  if (!options.yes && !(await confirm('End the sessions of all users?')))
    throw new CommandError('No session was ended.')
  await withDatabase({ mayCreate: false }, async (ctx) => printEnded(await endEverySession(ctx, { origin }), options))
}

function printEnded(sessions: number, options: EndOptions): void {
  printOutcome(sessions === 1 ? 'Ended 1 session.' : `Ended ${sessions} sessions.`, { ended: sessions }, options)
}
