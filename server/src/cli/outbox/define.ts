import { Argument, type Command, Option } from 'commander'
import { MAIL_STATES } from '../../storage/notice/outbox.ts'
import { defineCommand, jsonOption, limitOption } from '../terminal/define-command.ts'
import { wholeNumber } from '../terminal/option-values.ts'
import type { ListOptions } from './list.ts'
import type { ShowOptions } from './show.ts'

/** Defines `tessera outbox …`. */
export function defineOutboxCommands(program: Command): void {
  const outbox = program.command('outbox').description('List, resend and delete mails.')
  defineCommand(outbox, 'list', 'List mails, newest first.', 'tessera outbox list --state failed')
    .addOption(new Option('--state <state>', 'only mails in this state').choices([...MAIL_STATES]))
    .addOption(limitOption())
    .addOption(jsonOption())
    .action(async (options: ListOptions) => (await import('./list.ts')).listMailsCommand(options))
  defineCommand(outbox, 'show', 'Show a mail as its recipient sees it.', 'tessera outbox show 12')
    .addArgument(new Argument('<id>').argParser(wholeNumber))
    .option('--html', 'print the HTML part')
    .addOption(jsonOption())
    .action(async (id, options: ShowOptions) => (await import('./show.ts')).showMailCommand(id, options))
  defineCommand(
    outbox,
    'retry',
    'Send mails at once, including those that were given up.',
    'tessera outbox retry --failed',
  )
    .addArgument(mailIds())
    .option('--failed', 'all mails that were given up')
    .addOption(jsonOption())
    .action(async (ids = [], options) => (await import('./change.ts')).retryMailsCommand({ ids, ...options }))
  defineCommand(outbox, 'drop', 'Delete mails from the outbox.', 'tessera outbox drop 12')
    .addArgument(mailIds())
    .option('--failed', 'all mails that were given up')
    .addOption(jsonOption())
    .action(async (ids = [], options) => (await import('./change.ts')).dropMailsCommand({ ids, ...options }))
}

const mailIds = () =>
  new Argument('[id...]').argParser((text, before?: number[]) => [...(before ?? []), wholeNumber(text)])
