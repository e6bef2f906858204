import { changeRole } from '../../auth/account/change-role.ts'
import { disableUser, enableUser } from '../../auth/account/disable-user.ts'
import { forgiveLimits } from '../../auth/limit/forgive-limits.ts'
import { changePassword } from '../../auth/password/change-password.ts'
import { validatePassword } from '../../auth/password/password-rules.ts'
import type { Role, UserRow } from '../../storage/account/users.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import { withUser } from '../run/require-user.ts'
import { type CommandContext, COMMAND_LINE as origin } from '../run/with-database.ts'
import { withLimitsOf } from '../run/with-limits.ts'
import { withPasswords } from '../run/with-passwords.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type AnswerOptions, print, printOutcome } from '../terminal/output.ts'
import { readNewPassword } from '../terminal/read-password.ts'
import { validationSentence } from '../terminal/validation-sentence.ts'

export async function disableUserCommand(name: string, options: AnswerOptions): Promise<void> {
  await withUser(name, async (ctx, user) => {
    const changed = await disableUser(ctx, { user, origin })
    const done = `Disabled ${user.email} and ended all their sessions.`
    printChange(user, { changed }, changed ? done : `${user.email} was already disabled.`, options)
  })
}

export async function enableUserCommand(name: string, options: AnswerOptions): Promise<void> {
  await withUser(name, async (ctx, user) => {
    const changed = await enableUser(ctx, { user, origin })
    const sentence = changed ? `Enabled ${user.email}.` : `${user.email} was not disabled.`
    printChange(user, { changed }, sentence, options)
  })
}

export async function setRoleCommand(name: string, role: Role, options: AnswerOptions): Promise<void> {
  await withUser(name, async (ctx, user) => {
    const changed = await changeRole(ctx, { user, role, origin })
    const sentence = `${user.email} ${changed ? 'now' : 'already'} has the role ${role}.`
    printChange(user, { changed, role }, sentence, options)
  })
}

export async function setPasswordCommand(name: string, options: AnswerOptions): Promise<void> {
  const password = await readNewPassword()
  await withUser(name, (ctx, user) =>
    withPasswords(ctx, async (passwordCtx) => {
      const owner = { email: user.email, firstName: user.first_name, lastName: user.last_name }
      const errors = await validatePassword(passwordCtx.settings, password, owner)
      if (errors.length > 0) throw new CommandError(validationSentence({ password: errors }))
      const changed = await changePassword(passwordCtx, { user, password, origin })
      if (!changed)
        throw new CommandError(`The password of ${user.email} was changed at the same moment. Run the command again.`)
      const limits = await liftLimits(ctx, user)
      const sentence = `Changed the password of ${user.email} and ended all their sessions.`
      printChange(user, { changed, limits_lifted: limits }, sentence, options)
      if (limits > 0 && !options.json) print('Lifted the limits of their failed logins.')
    }),
  )
}

function printChange({ id, email }: UserRow, change: object, sentence: string, options: AnswerOptions): void {
  printOutcome(sentence, { id, email, ...change }, options)
}

/** Failures with the old password keep no user out who has a new one. */
async function liftLimits(ctx: CommandContext, user: UserRow): Promise<number> {
  try {
    return await withLimitsOf(ctx, (limitsCtx) => forgiveLimits(limitsCtx, { user }, origin))
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    throw new CommandError(
      `The password was changed, but the limits of failed logins could not be lifted: ${error.message}`,
    )
  }
}
