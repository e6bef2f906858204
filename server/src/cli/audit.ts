import { findUser } from '../auth/account/find-user.ts'
import { isUuid } from '../crypto/tokens/uuid.ts'
import { type AuditKind, findAuditEvents } from '../storage/notice/audit-events.ts'
import { readRecordId } from '../text/record-id.ts'
import { type CommandContext, withDatabase } from './run/with-database.ts'
import { CommandError } from './terminal/command-error.ts'
import type { When } from './terminal/option-values.ts'
import { print, printJson, printMore, printTable } from './terminal/output.ts'

interface AuditOptions {
  user?: string
  session?: string
  kind?: AuditKind
  since?: When
  until?: When
  limit: number
  json?: boolean
}

/** Shows audit events, newest first. */
export async function auditCommand(options: AuditOptions): Promise<void> {
  if (options.session !== undefined && !isUuid(options.session)) {
    throw new CommandError(`${JSON.stringify(options.session)} is not a session id.`)
  }
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const events = await findAuditEvents(ctx.db, {
      userId: options.user === undefined ? null : await findUserId(ctx, options.user),
      sessionId: options.session?.toLowerCase() ?? null,
      kind: options.kind ?? null,
      since: options.since?.(ctx.now()) ?? null,
      until: options.until?.(ctx.now()) ?? null,
      limit: options.limit,
    })
    if (options.json) return printJson(events)
    if (events.length === 0) return print('No events found.')
    printTable(
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
    printMore(events, options.limit)
  })
}

/** Finds the id of a user. Audit events outlive their user, so any id is accepted. */
async function findUserId(ctx: CommandContext, name: string): Promise<number> {
  const user = await findUser(ctx, name)
  if (user) return user.id
  const id = readRecordId(name)
  if (id !== null) return id
  throw new CommandError(`No user has the GUID or email address ${JSON.stringify(name)}.`)
}
