import { findUser } from '../auth/find-user.ts'
import { isUuid } from '../crypto/uuid.ts'
import { type AuditKind, findAuditEvents } from '../storage/audit-events.ts'
import { CommandError } from './command-error.ts'
import { say, sayJson, sayTable } from './output.ts'
import { type CommandContext, withDatabase } from './with-database.ts'

export interface AuditOptions {
  user?: string
  session?: string
  kind?: AuditKind
  since?: string
  until?: string
  limit: number
  json?: boolean
}

/** What happened, the newest first. */
export async function auditCommand(options: AuditOptions): Promise<void> {
  if (options.session !== undefined && !isUuid(options.session)) {
    throw new CommandError(`${JSON.stringify(options.session)} is no session id.`)
  }
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const events = await findAuditEvents(ctx.db, {
      userId: options.user === undefined ? null : await userIdOf(ctx, options.user),
      sessionId: options.session?.toLowerCase() ?? null,
      kind: options.kind ?? null,
      since: timeOf(options.since, ctx.now()),
      until: timeOf(options.until, ctx.now()),
      most: options.limit,
    })
    if (options.json) return sayJson(events)
    if (events.length === 0) return say('Nothing.')
    sayTable(
      events.map(({ at, kind, user_id, session_id, ip, details, user_agent }) => ({
        at,
        kind,
        user_id,
        session_id,
        ip,
        details:
          Object.entries(details)
            .map((entry) => entry.join('='))
            .join(' ') || null,
        device: user_agent,
      })),
    )
    if (events.length === options.limit) say(`The newest ${options.limit}; --limit shows more.`)
  })
}

/** A deleted person is known here by their id still. */
async function userIdOf(ctx: CommandContext, name: string): Promise<number> {
  const user = await findUser(ctx, name)
  if (user) return user.id
  if (/^[1-9]\d{0,14}$/.test(name)) return Number(name)
  throw new CommandError(`There is nobody with the GUID or address ${JSON.stringify(name)}.`)
}

const UNIT_MILLISECONDS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `2026-11-21`, `2026-11-21T14:00:00Z`, or so long ago: `90m`, `24h`, `7d`. */
function timeOf(text: string | undefined, now: Date): Date | null {
  if (text === undefined) return null
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  if (count !== undefined) return new Date(now.getTime() - Number(count) * (UNIT_MILLISECONDS[unit] ?? 0))
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? new Date(text) : new Date(Number.NaN)
  if (!Number.isNaN(time.getTime())) return time
  throw new CommandError(`${JSON.stringify(text)} is no time; write 2026-11-21, 2026-11-21T14:00:00Z, 90m, 24h or 7d.`)
}
