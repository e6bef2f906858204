import { createUser } from '../../auth/account/create-user.ts'
import type { Role } from '../../storage/account/users.ts'
import type { Locale } from '../../text/locale.ts'
import { COMMAND_LINE as origin, withDatabase } from '../run/with-database.ts'
import { withPasswords } from '../run/with-passwords.ts'
import { CommandError } from '../terminal/command-error.ts'
import { readNewPassword } from '../terminal/read-password.ts'
import { validationSentence } from '../terminal/validation-sentence.ts'
import { printUser } from './print-user.ts'

export interface CreateOptions {
  guid?: string
  role: Role
  firstName?: string
  lastName?: string
  locale: Locale
  /** False for a user who is known only by GUID. */
  password: boolean
  json?: boolean
}

export async function createUserCommand(email: string, options: CreateOptions): Promise<void> {
  const password = options.password ? await readNewPassword() : null
  await withDatabase({ mayCreate: true }, (ctx) =>
    withPasswords(ctx, async (passwordCtx) => {
      const outcome = await createUser(passwordCtx, {
        email,
        password,
        firstName: options.firstName ?? null,
        lastName: options.lastName ?? null,
        locale: options.locale,
        role: options.role,
        guid: options.guid ?? null,
        isEmailVerified: true,
        origin,
      })
      if (outcome.kind === 'invalid') throw new CommandError(validationSentence(outcome.errors))
      printUser(outcome.user, {}, { now: ctx.now(), json: options.json })
    }),
  )
}
