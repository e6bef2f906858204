import { findUser } from '../../auth/account/find-user.ts'
import type { UserRow } from '../../storage/account/users.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type CommandContext, withDatabase } from './with-database.ts'

/**
 * Finds the user that an argument or option names by id, GUID or email address.
 *
 * @throws {CommandError} if there is none
 */
export async function requireUser(ctx: Pick<CommandContext, 'db'>, name: string): Promise<UserRow> {
  const user = await findUser(ctx, name)
  if (!user) throw new CommandError(`No user has the id, GUID or email address ${JSON.stringify(name)}.`)
  return user
}

/** Runs a command for the user that its argument names. */
export async function withUser(
  name: string,
  run: (ctx: CommandContext, user: UserRow) => Promise<void>,
): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => run(ctx, await requireUser(ctx, name)))
}
