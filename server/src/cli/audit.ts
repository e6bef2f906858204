import { setTimeout as sleep } from 'node:timers/promises'
import { findUser } from '../auth/account/find-user.ts'
import { isUuid } from '../crypto/tokens/uuid.ts'
import {
  type AuditEventRow,
  type AuditFilter,
  findAuditEvents,
  findNextAuditEvents,
  findUsersWhoGaveUp,
} from '../storage/notice/audit-events.ts'
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
  all?: boolean
  follow?: boolean
  json?: boolean
}

const PAGE = 1000
const FOLLOW_INTERVAL_MILLISECONDS = 1000
/** An event has the time at which its operation began, so one that is committed later may have an earlier time. */
const LATE_MILLISECONDS = 15_000

const WITHOUT_KEY =
  'Without the keys of the server (JWT_SECRET_KEY, REFRESH_SECRET_KEY), deleted users are found by their ids only.'

/** Shows audit events, newest first; with `--all` and `--follow` every one, oldest first. */
export async function auditCommand(options: AuditOptions): Promise<void> {
  if (options.session !== undefined && !isUuid(options.session)) {
    throw new CommandError(`${JSON.stringify(options.session)} is not a session id.`)
  }
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const filter = {
      userIds: options.user === undefined ? null : await findUserIds(ctx, options.user),
      sessionId: options.session?.toLowerCase() ?? null,
      kind: options.kind ?? null,
      since: options.since?.(ctx.now()) ?? null,
      until: options.until?.(ctx.now()) ?? null,
    }
    if (options.follow) return follow(ctx, filter)
    if (options.all) return printAll(ctx, filter)
    const events = await findAuditEvents(ctx.db, { ...filter, limit: options.limit })
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

/** Prints every event of a filter, the oldest first, in pages. */
async function printAll({ db }: CommandContext, filter: AuditFilter): Promise<void> {
  let after: AuditEventRow | null = null
  for (;;) {
    const events: AuditEventRow[] = await findNextAuditEvents(db, { ...filter, after, limit: PAGE })
    printJson(events)
    if (events.length < PAGE) return
    after = events.at(-1) ?? null
  }
}

/** Prints every event of a filter, then those to come, each once, until Ctrl-C. */
async function follow({ db }: CommandContext, filter: AuditFilter): Promise<never> {
  const printed = new Map<number, Date>()
  let newest: Date | null = filter.since
  for (;;) {
    const lateFrom = newest && new Date(newest.getTime() - LATE_MILLISECONDS)
    const since = filter.since && lateFrom && lateFrom < filter.since ? filter.since : lateFrom
    let after: AuditEventRow | null = null
    for (;;) {
      const events: AuditEventRow[] = await findNextAuditEvents(db, { ...filter, since, after, limit: PAGE })
      printJson(events.filter(({ id }) => !printed.has(id)))
      for (const { id, at } of events) printed.set(id, at)
      after = events.at(-1) ?? after
      if (events.length < PAGE) break
    }
    if (after && (newest === null || after.at > newest)) newest = after.at
    const forgotten = (newest?.getTime() ?? 0) - LATE_MILLISECONDS
    for (const [id, at] of printed) if (at.getTime() < forgotten) printed.delete(id)
    await sleep(FOLLOW_INTERVAL_MILLISECONDS)
  }
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
