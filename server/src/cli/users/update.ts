import { updateUser } from '../../auth/account/update-user.ts'
import type { UserChange } from '../../storage/account/users.ts'
import type { Locale } from '../../text/locale.ts'
import { withUser } from '../run/require-user.ts'
import { COMMAND_LINE as origin } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { validationSentence } from '../terminal/validation-sentence.ts'
import { printUser } from './print-user.ts'

export interface UpdateOptions {
  email?: string
  firstName?: string
  lastName?: string
  locale?: Locale
  json?: boolean
}

/** Changes the address, the names or the language of a user. An empty name removes it. */
export async function updateUserCommand(name: string, options: UpdateOptions): Promise<void> {
  const change: UserChange = {
    ...(options.email !== undefined && { email: options.email }),
    ...(options.firstName !== undefined && { first_name: options.firstName || null }),
    ...(options.lastName !== undefined && { last_name: options.lastName || null }),
    ...(options.locale !== undefined && { locale: options.locale }),
  }
  if (Object.keys(change).length === 0)
    throw new CommandError('Pass what to change: --email, --first-name, --last-name or --locale.')
  await withUser(name, async (ctx, user) => {
    const outcome = await updateUser(ctx, { user, change, origin })
    if (outcome.kind === 'invalid') throw new CommandError(validationSentence(outcome.errors))
    printUser(outcome.user, {}, { now: ctx.now(), json: options.json })
  })
}
