import { findUsers, type Role } from '../../storage/account/users.ts'
import { withDatabase } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { print, printJson, printTable } from '../terminal/output.ts'
import { withoutDigest } from './print-user.ts'

export interface ListOptions {
  role?: Role
  disabled?: boolean
  search?: string
  after: number
  limit: number
  json?: boolean
}

export async function listUsersCommand(options: ListOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async ({ db, now, settings }) => {
    const found = await findUsers(db, {
      role: options.role ?? null,
      onlyDisabled: options.disabled ?? false,
      search: options.search ?? null,
      afterId: options.after,
      limit: options.limit + 1,
    })
    const { role } = options
    // A role that the settings have no more is listed while a user has it; any other may be a typing error.
    if (found.length === 0 && role !== undefined && !settings.roles.includes(role))
      throw new CommandError(
        `There is no role ${JSON.stringify(role)}: the setting ROLES has ${settings.roles.join(', ')}.`,
      )
    const users = found.slice(0, options.limit)
    if (options.json) return printJson(users.map(withoutDigest))
    if (users.length === 0) return print('No users found.')
    printTable(
      users.map(({ id, guid, email, first_name, last_name, role, disabled_at, created_at }) => ({
        id,
        email,
        name: [first_name, last_name].filter(Boolean).join(' ') || null,
        role,
        state: disabled_at ? 'disabled' : 'active',
        created_at,
        guid,
      })),
      now(),
    )
    if (found.length > users.length) print(`There are more users: --after ${users.at(-1)?.id} lists them.`)
  })
}
