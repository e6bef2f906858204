import { deleteUser } from '../../auth/delete-user.ts'
import { CommandError } from '../command-error.ts'
import { print } from '../output.ts'
import { confirm } from '../read-password.ts'
import { withUser } from '../require-user.ts'
import { COMMAND_LINE as origin } from '../with-database.ts'

export async function deleteUserCommand(name: string, options: { yes?: boolean }): Promise<void> {
  await withUser(name, async (ctx, user) => {
    const confirmed =
      options.yes || (await confirm(`Delete ${user.email} and all their sessions? This cannot be undone.`))
    if (!confirmed) throw new CommandError('Nothing was deleted.')
    if (!(await deleteUser(ctx, { user, origin }))) throw new CommandError(`${user.email} was already deleted.`)
    print(`Deleted ${user.email}.`)
  })
}
