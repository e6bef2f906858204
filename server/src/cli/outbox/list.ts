import { findMails, type MailState, mailState } from '../../storage/notice/outbox.ts'
import { withDatabase } from '../run/with-database.ts'
import { print, printJson, printMore, printTable } from '../terminal/output.ts'

export interface ListOptions {
  state?: MailState
  limit: number
  json?: boolean
}

export async function listMailsCommand(options: ListOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async ({ db, now }) => {
    const mails = await findMails(db, { state: options.state ?? null, afterId: 0, limit: options.limit })
    if (options.json) return printJson(mails)
    if (mails.length === 0) return print('No mails found.')
    printTable(
      mails.map((mail) => ({
        id: mail.id,
        to: mail.email,
        kind: mail.kind,
        state: mailState(mail),
        attempts: mail.attempts,
        created_at: mail.created_at,
        last_error: mail.last_error,
      })),
      now(),
    )
    printMore(mails, options.limit)
  })
}
