import { endSession } from '../auth/end-session.ts'
import { endEverySession, endSessionsOfUser } from '../auth/end-sessions.ts'
import { isUuid } from '../crypto/uuid.ts'
import { findSessions, type SessionRow } from '../storage/sessions.ts'
import { CommandError } from './command-error.ts'
import { requireUser } from './named-user.ts'
import { print, printJson, printTable } from './output.ts'
import { confirm } from './read-password.ts'
import { type CommandContext, COMMAND_LINE as origin, withDatabase } from './with-database.ts'

export interface ListOptions {
  user?: string
  ended?: boolean
  limit: number
  json?: boolean
}

export async function listSessionsCommand(options: ListOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const userId = options.user === undefined ? null : (await requireUser(ctx, options.user)).id
    const filter = { id: null, userId, living: !options.ended, now: ctx.now(), limit: options.limit }
    const sessions = await findSessions(ctx.db, filter)
    if (options.json) return printJson(sessions)
    if (sessions.length === 0) return print(options.ended ? 'No sessions.' : 'No living sessions.')
    printTable(
      sessions.map((session) => ({
        id: session.id,
        email: session.email,
        kind: session.kind,
        ip: session.ip,
        created_at: session.created_at,
        refreshed_at: session.refreshed_at,
        state: stateOf(session, ctx.now()),
        device: session.user_agent,
      })),
    )
    if (sessions.length === options.limit) print(`The newest ${options.limit}; --limit shows more.`)
  })
}

function stateOf({ revoked_at, revoke_reason, expires_at }: SessionRow, now: Date): string {
  if (revoked_at) return `ended: ${revoke_reason}`
  return expires_at <= now ? 'expired' : 'living'
}

/** Ends one session by its id, all of a person, or all there are. */
export async function endSessionCommand(
  id: string | undefined,
  options: { user?: string; all?: boolean; yes?: boolean },
): Promise<void> {
  if ([id, options.user, options.all].filter((named) => named !== undefined).length !== 1) {
    throw new CommandError('Name one session by its id, all of a person with --user, or everybody with --all.')
  }
  if (options.all) return endAll(options.yes ?? false)
  await withDatabase({ mayCreate: false }, async (ctx) => {
    if (options.user !== undefined) {
      const user = await requireUser(ctx, options.user)
      const ended = await endSessionsOfUser(ctx, { userId: user.id, origin })
      return printEnded(ended)
    }
    const session = await findSession(ctx, id ?? '')
    const end = { session, reason: 'operator', generation: null, origin, now: ctx.now() } as const
    print((await endSession(ctx, end)) ? 'The session has ended.' : 'The session had ended before.')
  })
}

async function endAll(sure: boolean): Promise<void> {
  if (!sure && !(await confirm('End the sessions of everybody?'))) throw new CommandError('No session has ended.')
  await withDatabase({ mayCreate: false }, async (ctx) => printEnded(await endEverySession(ctx, { origin })))
}

function printEnded(sessions: number): void {
  print(sessions === 1 ? 'One session has ended.' : `${sessions} sessions have ended.`)
}

async function findSession({ db, now }: CommandContext, id: string): Promise<{ id: string; userId: number }> {
  const filter = { id: id.toLowerCase(), userId: null, living: false, now: now(), limit: 1 }
  const [session] = isUuid(id) ? await findSessions(db, filter) : []
  if (!session) throw new CommandError(`There is no session ${JSON.stringify(id)}; tessera sessions list shows them.`)
  return { id: session.id, userId: session.user_id }
}
