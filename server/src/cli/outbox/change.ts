import { changeMail } from '../../auth/notice/change-mail.ts'
import { findMails } from '../../storage/notice/outbox.ts'
import { type CommandContext, COMMAND_LINE as origin, withDatabase } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type AnswerOptions, print, printOutcome } from '../terminal/output.ts'

/** Selects mails by their ids, or all that were given up. */
interface Selection extends AnswerOptions {
  ids: readonly number[]
  failed?: boolean
}

const MAX_SELECTED = 10_000

/** Makes mails due at once, including those that were given up. */
export async function retryMailsCommand(selection: Selection): Promise<void> {
  await forEachMail(selection, {
    kind: 'mail_retried',
    changed: 'will be sent again',
    unchanged: 'was already sent, is being sent right now, or does not exist',
  })
}

export async function dropMailsCommand(selection: Selection): Promise<void> {
  await forEachMail(selection, {
    kind: 'mail_dropped',
    changed: 'was deleted',
    unchanged: 'does not exist',
  })
}

interface Change {
  kind: 'mail_retried' | 'mail_dropped'
  /** The outcome, worded to follow `Mail 12` in a sentence. */
  changed: string
  unchanged: string
}

async function forEachMail(
  { ids, failed, json = false }: Selection,
  { kind, changed, unchanged }: Change,
): Promise<void> {
  if (ids.length > 0 === (failed === true))
    throw new CommandError('Pass the ids of mails, or --failed for all that were given up.')
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const selected = failed ? await findFailedMails(ctx) : ids
    if (selected.length === 0 && !json) print('No mail was given up.')
    const skipped: number[] = []
    for (const id of selected) {
      if (await changeMail(ctx, { id, kind, origin }))
        printOutcome(`Mail ${id} ${changed}.`, { id, changed: true }, { json })
      else skipped.push(id)
    }
    if (skipped.length > 0) throw new CommandError(`Mail ${skipped.join(', ')} ${unchanged}.`)
  })
}

async function findFailedMails({ db }: CommandContext): Promise<number[]> {
  const mails = await findMails(db, { state: 'failed', afterId: 0, limit: MAX_SELECTED })
  return mails.map(({ id }) => id)
}
