import { deleteUser } from '../../auth/account/delete-user.ts'
import { withUser } from '../run/require-user.ts'
import { COMMAND_LINE as origin } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type AnswerOptions, printOutcome } from '../terminal/output.ts'
import { confirm } from '../terminal/read-password.ts'

export async function deleteUserCommand(name: string, options: AnswerOptions & { yes?: boolean }): Promise<void> {
  await withUser(name, async (ctx, user) => {
    const confirmed =
      options.yes || (await confirm(`Delete ${user.email} and all their sessions? This cannot be undone.`))
    if (!confirmed) throw new CommandError('Nothing was deleted.')
    if (!(await deleteUser(ctx, { user, origin }))) throw new CommandError(`${user.email} was already deleted.`)
    if (ctx.addresses.digest(user.email) === null)
      process.stderr.write(`Without the keys of the server, tessera audit finds them by the id ${user.id} only.\n`)
    printOutcome(`Deleted ${user.email}.`, { id: user.id, email: user.email, deleted: true }, options)
  })
}
