import { vouchForEmail, vouchForEmails } from '../../auth/email/vouch-for-email.ts'
import { sendReset } from '../../auth/recovery/send-reset.ts'
import { requireUser, withUser } from '../run/require-user.ts'
import { COMMAND_LINE as origin, withDatabase } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import type { When } from '../terminal/option-values.ts'
import { type AnswerOptions, printOutcome } from '../terminal/output.ts'

/** Mails a user the link to a new password. */
export async function sendResetCommand(name: string, options: AnswerOptions): Promise<void> {
  await withUser(name, async (ctx, { id: userId, email }) => {
    const { settings } = ctx
    if (!(await sendReset(ctx, { userId, origin })))
      throw new CommandError(`${email} is disabled, so no link would work; run: tessera users enable ${userId}`)
    const sentence = settings.sendsMails
      ? `A mail to ${email} is on its way; its link sets a new password.`
      : `A mail to ${email} waits in the outbox, since SMTP_URL is not set; tessera outbox list shows it.`
    printOutcome(sentence, { id: userId, email, mailed: true }, options)
  })
}

export interface VerifyOptions extends AnswerOptions {
  all?: boolean
  before?: When
}

/** Counts the address of a user as proven, or those of all who signed up before a time. */
export async function verifyEmailCommand(name: string | undefined, options: VerifyOptions): Promise<void> {
  const { all, before } = options
  if ((name === undefined) !== (all ?? false) || (all ?? false) !== (before !== undefined))
    throw new CommandError('Pass a user, or --all with --before for all who signed up before a time.')
  await withDatabase({ mayCreate: false }, async (ctx) => {
    if (name === undefined) {
      const verified = await vouchForEmails(ctx, { before: before?.(ctx.now()) ?? ctx.now(), origin })
      const sentence = verified === 1 ? 'Verified 1 address.' : `Verified ${verified} addresses.`
      return printOutcome(sentence, { verified }, options)
    }
    const { id: userId, email } = await requireUser(ctx, name)
    const changed = await vouchForEmail(ctx, { userId, origin })
    const sentence = changed ? `Verified the address ${email}.` : `The address ${email} was already verified.`
    printOutcome(sentence, { id: userId, email, verified: changed ? 1 : 0 }, options)
  })
}
