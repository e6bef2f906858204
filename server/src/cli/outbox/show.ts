import { renderMail } from '../../mail/messages/render-mail.ts'
import { senderFrom } from '../../mail/messages/sender.ts'
import { findMail, mailState } from '../../storage/notice/outbox.ts'
import { withDatabase } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { print, printFields, printJson } from '../terminal/output.ts'

export interface ShowOptions {
  html?: boolean
  json?: boolean
}

/** Shows a mail as its recipient sees it. */
export async function showMailCommand(id: number, options: ShowOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async ({ db, now, config }) => {
    const mail = await findMail(db, id)
    if (!mail) throw new CommandError(`No mail has the id ${id}; tessera outbox list shows the ids.`)
    const message = renderMail(mail, senderFrom(config), null)
    if (options.json) return printJson([{ ...mail, ...message }])
    if (options.html) return print(message.html)
    printFields(
      {
        to: mail.email,
        subject: message.subject,
        state: mailState(mail),
        created_at: mail.created_at,
        sent_at: mail.sent_at,
        attempts: mail.attempts,
        last_error: mail.last_error,
      },
      now(),
    )
    print(`\n${message.text}`)
  })
}
