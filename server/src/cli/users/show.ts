import { findMails, mailState } from '../../storage/notice/outbox.ts'
import { findSessions } from '../../storage/session/sessions.ts'
import { requireUser } from '../run/require-user.ts'
import { withDatabase } from '../run/with-database.ts'
import { print, printJson, printTable } from '../terminal/output.ts'
import { printUser, withoutDigest } from './print-user.ts'

const MAX_COUNTED_SESSIONS = 1000
const MAX_MAILS = 5

/** Shows one user, with the newest mails to them. */
export async function showUserCommand(name: string, options: { json?: boolean }): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const user = await requireUser(ctx, name)
    const filter = { id: null, userId: user.id, onlyActive: true, now: ctx.now(), limit: MAX_COUNTED_SESSIONS }
    const living_sessions = (await findSessions(ctx.db, filter)).length
    const more = { password: user.password_digest === null ? 'none' : 'set', living_sessions }
    const newest = await findMails(ctx.db, { state: null, userId: user.id, afterId: 0, limit: MAX_MAILS })
    const mails = newest.map((mail) => {
      const { id, kind, created_at, sent_at, last_error } = mail
      return { mail: id, kind, state: mailState(mail), created_at, sent_at, last_error }
    })
    if (options.json) return printJson([{ ...withoutDigest(user), ...more, mails }])
    printUser(user, more, { now: ctx.now(), json: options.json })
    if (mails.length === 0) return
    print('')
    printTable(mails, ctx.now())
  })
}
