import { renderMail } from '../mail/render-mail.ts'
import { senderFrom } from '../mail/sender.ts'
import { dropMail, findMail, findMails, type MailRow, type MailState, retryMail } from '../storage/outbox.ts'
import { CommandError } from './command-error.ts'
import { print, printFields, printJson, printTable } from './output.ts'
import { type CommandContext, withDatabase } from './with-database.ts'

export interface ListOptions {
  state?: MailState
  limit: number
  json?: boolean
}

export async function listMailsCommand(options: ListOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async ({ db }) => {
    const mails = await findMails(db, { state: options.state ?? null, afterId: 0, limit: options.limit })
    if (options.json) return printJson(mails)
    if (mails.length === 0) return print('No mails.')
    printTable(
      mails.map((mail) => ({
        id: mail.id,
        to: mail.email,
        kind: mail.kind,
        state: stateOf(mail),
        attempts: mail.attempts,
        created_at: mail.created_at,
        last_error: mail.last_error,
      })),
    )
    if (mails.length === options.limit) print(`The newest ${options.limit}; --limit shows more.`)
  })
}

/** Shows a mail as it would look to its reader. */
export async function showMailCommand(id: number, options: { html?: boolean; json?: boolean }): Promise<void> {
  await withDatabase({ mayCreate: false }, async ({ db, config }) => {
    const mail = await findMail(db, id)
    if (!mail) throw new CommandError(`There is no mail ${id}; tessera outbox list shows them.`)
    const message = renderMail(mail, senderFrom(config))
    if (options.json) return printJson([{ ...mail, ...message }])
    if (options.html) return print(message.html)
    const { created_at, sent_at, attempts, last_error } = mail
    printFields({
      to: mail.email,
      subject: message.subject,
      state: stateOf(mail),
      created_at,
      sent_at,
      attempts,
      last_error,
    })
    print(`\n${message.text}`)
  })
}

interface Chosen {
  ids: number[]
  failed?: boolean
}

/** Has mails sent as soon as a server looks: those that were given up, too. */
export async function retryMailsCommand(chosen: Chosen): Promise<void> {
  await forEachMail(
    chosen,
    'will be sent again',
    'was sent, is being sent just now, or is not there',
    ({ db, now }, id) => retryMail(db, id, now()),
  )
}

export async function dropMailsCommand(chosen: Chosen): Promise<void> {
  await forEachMail(chosen, 'is dropped', 'is not there', ({ db }, id) => dropMail(db, id))
}

const MAX_AT_ONCE = 10_000

async function forEachMail(
  { ids, failed }: Chosen,
  done: string,
  notDone: string,
  change: (ctx: CommandContext, id: number) => Promise<boolean>,
): Promise<void> {
  if (ids.length > 0 === (failed === true))
    throw new CommandError('Name mails by their ids, or all given up with --failed.')
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const given = failed ? await findMails(ctx.db, { state: 'failed', afterId: 0, limit: MAX_AT_ONCE }) : []
    const chosen = failed ? given.map((mail) => mail.id) : ids
    if (chosen.length === 0) print('No mail was given up.')
    const missing: number[] = []
    for (const id of chosen) {
      if (await change(ctx, id)) print(`Mail ${id} ${done}.`)
      else missing.push(id)
    }
    if (missing.length > 0) throw new CommandError(`Mail ${missing.join(', ')} ${notDone}.`)
  })
}

function stateOf({ sent_at, failed_at }: MailRow): MailState {
  if (sent_at) return 'sent'
  return failed_at ? 'failed' : 'waiting'
}
