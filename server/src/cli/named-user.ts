import { findUser } from '../auth/find-user.ts'
import type { UserRow } from '../storage/users.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './with-database.ts'

/**
 * The person of an argument or option, by id, GUID or address.
 *
 * @throws {CommandError} when there is nobody
 */
export async function requireUser(ctx: Pick<CommandContext, 'db'>, name: string): Promise<UserRow> {
  const user = await findUser(ctx, name)
  if (!user) throw new CommandError(`There is nobody with the id, GUID or address ${JSON.stringify(name)}.`)
  return user
}
