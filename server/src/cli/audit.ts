import { findUser } from '../auth/account/find-user.ts'
import { isUuid } from '../crypto/tokens/uuid.ts'
import { findAuditEvents, findUsersWhoGaveUp } from '../storage/notice/audit-events.ts'
import type { AuditKind } from '../storage/notice/audit-kinds.ts'
import { canonicalEmail } from '../text/email-address.ts'
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

const WITHOUT_KEY =
  'Without the keys of the server (JWT_SECRET_KEY, REFRESH_SECRET_KEY), deleted users are found by their ids only.'

/** Shows audit events, newest first. */
export async function auditCommand(options: AuditOptions): Promise<void> {
  if (options.session !== undefined && !isUuid(options.session)) {
    throw new CommandError(`${JSON.stringify(options.session)} is not a session id.`)
  }
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const events = await findAuditEvents(ctx.db, {
      userIds: options.user === undefined ? null : await findUserIds(ctx, options.user),
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
      ctx.now(),
    )
    printMore(events, options.limit)
  })
}

/**
 * Finds the users that an option names. Audit events outlive their user: any id is accepted, and an address finds the users
 * who gave it up as well.
 */
async function findUserIds(ctx: CommandContext, name: string): Promise<number[]> {
  const user = await findUser(ctx, name)
  const id = user?.id ?? readRecordId(name)
  const email = name.includes('@') ? canonicalEmail(name) : null
  const former = email === null ? [] : await findUsersWhoGaveUp(ctx.db, ctx.addresses.candidates(email))
  const ids = new Set([...(id === null ? [] : [id]), ...former])
  if (ids.size > 0) return [...ids]
  const hint = email !== null && ctx.addresses.digest(email) === null ? ` ${WITHOUT_KEY}` : ''
  throw new CommandError(`No user has, or had, the GUID or email address ${JSON.stringify(name)}.${hint}`)
}
