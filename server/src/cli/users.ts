import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { changePassword } from '../auth/change-password.ts'
import { changeRole } from '../auth/change-role.ts'
import { createUser } from '../auth/create-user.ts'
import { deleteUser } from '../auth/delete-user.ts'
import { disableUser, enableUser } from '../auth/disable-user.ts'
import { type ForeignUser, importUsers } from '../auth/import-users.ts'
import { validatePassword } from '../auth/password-rules.ts'
import type { ValidationErrors } from '../auth/user-fields.ts'
import { findSessions } from '../storage/sessions.ts'
import { findUsers, type Role, type UserRow } from '../storage/users.ts'
import type { Locale } from '../text/locale.ts'
import { CommandError } from './command-error.ts'
import { decodeUtf8 } from './decode-utf8.ts'
import { requireUser } from './named-user.ts'
import { print, printFields, printJson, printTable } from './output.ts'
import { confirm, readNewPassword } from './read-password.ts'
import { type CommandContext, COMMAND_LINE as origin, withDatabase } from './with-database.ts'
import { withPasswords } from './with-passwords.ts'

const MAX_COUNTED_SESSIONS = 1000

export interface NewUserOptions {
  guid?: string
  role: Role
  firstName?: string
  lastName?: string
  locale: Locale
  /** False: known by GUID only. */
  password: boolean
  json?: boolean
}

export async function createUserCommand(email: string, options: NewUserOptions): Promise<void> {
  const password = options.password ? await readNewPassword() : null
  await withDatabase({ mayCreate: true }, (ctx) =>
    withPasswords(ctx, async (own) => {
      const outcome = await createUser(own, {
        email,
        password,
        firstName: options.firstName ?? null,
        lastName: options.lastName ?? null,
        locale: options.locale,
        role: options.role,
        guid: options.guid ?? null,
        origin,
      })
      if (outcome.kind === 'invalid') throw new CommandError(validationSentence(outcome.errors))
      show(outcome.user, {}, options)
    }),
  )
}

export interface ListOptions {
  role?: Role
  disabled?: boolean
  search?: string
  after: number
  limit: number
  json?: boolean
}

export async function listUsersCommand(options: ListOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async ({ db }) => {
    const found = await findUsers(db, {
      role: options.role ?? null,
      onlyDisabled: options.disabled ?? false,
      search: options.search ?? null,
      afterId: options.after,
      limit: options.limit + 1,
    })
    const users = found.slice(0, options.limit)
    if (options.json) return printJson(users.map(withoutDigest))
    if (users.length === 0) return print('Nobody.')
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
    )
    if (found.length > users.length) print(`There are more: --after ${users.at(-1)?.id}`)
  })
}

export async function showUserCommand(name: string, options: { json?: boolean }): Promise<void> {
  await withUser(name, async ({ db, now }, user) => {
    const filter = { id: null, userId: user.id, living: true, now: now(), limit: MAX_COUNTED_SESSIONS }
    const living_sessions = (await findSessions(db, filter)).length
    show(user, { password: user.password_digest === null ? 'none' : 'set', living_sessions }, options)
  })
}

export async function disableUserCommand(name: string): Promise<void> {
  await withUser(name, async (ctx, user) => {
    const changed = await disableUser(ctx, { user, origin })
    print(changed ? `${user.email} is disabled; all their sessions have ended.` : `${user.email} was disabled already.`)
  })
}

export async function enableUserCommand(name: string): Promise<void> {
  await withUser(name, async (ctx, user) => {
    const changed = await enableUser(ctx, { user, origin })
    print(changed ? `${user.email} may sign in again.` : `${user.email} was not disabled.`)
  })
}

export async function deleteUserCommand(name: string, options: { yes?: boolean }): Promise<void> {
  await withUser(name, async (ctx, user) => {
    const sure = options.yes || (await confirm(`Delete ${user.email} for ever, with all their sessions?`))
    if (!sure) throw new CommandError('Nothing was deleted.')
    if (!(await deleteUser(ctx, { user, origin }))) throw new CommandError(`${user.email} is gone already.`)
    print(`${user.email} is deleted.`)
  })
}

export async function setRoleCommand(name: string, role: Role): Promise<void> {
  await withUser(name, async (ctx, user) => {
    const changed = await changeRole(ctx, { user, role, origin })
    print(changed ? `${user.email} has the role ${role}.` : `${user.email} has the role ${role} already.`)
  })
}

export async function setPasswordCommand(name: string): Promise<void> {
  const password = await readNewPassword()
  await withUser(name, (ctx, user) =>
    withPasswords(ctx, async (own) => {
      const errors = validatePassword(own.settings, password)
      if (errors.length > 0) throw new CommandError(validationSentence({ password: errors }))
      const changed = await changePassword(own, { user, password, origin })
      if (!changed) throw new CommandError(`The password of ${user.email} was changed by somebody else just now.`)
      print(`${user.email} has a new password; all their sessions have ended.`)
    }),
  )
}

/** Reads one JSON object per line, from a file or, for `-`, from standard input. */
export async function importUsersCommand(file: string): Promise<void> {
  const where = file === '-' ? 'Standard input' : file
  const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file).catch(cannotRead(file))
  const lines = decodeUtf8(bytes, where).split('\n')
  const people = lines.flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(line, index + 1)]))
  if (people.length === 0) throw new CommandError(`${where} is empty. Nobody was imported.`)
  await withDatabase({ mayCreate: true }, async (ctx) => {
    const outcome = await importUsers(ctx, { people, origin })
    if (outcome.kind === 'imported')
      return print(`Imported ${outcome.users} ${outcome.users === 1 ? 'person' : 'people'}.`)
    throw new CommandError(`Line ${outcome.line}: ${validationSentence(outcome.errors)} Nobody was imported.`)
  })
}

function cannotRead(file: string) {
  return (error: NodeJS.ErrnoException): never => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new CommandError(`${file} cannot be read: ${reason}. Nobody was imported.`)
  }
}

function parseLine(line: string, number: number): ForeignUser {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as ForeignUser
  } catch {
    // said below
  }
  throw new CommandError(`Line ${number} is no JSON object. Nobody was imported.`)
}

async function withUser(name: string, run: (ctx: CommandContext, user: UserRow) => Promise<void>): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => run(ctx, await requireUser(ctx, name)))
}

function show(user: UserRow, more: Record<string, string | number>, options: { json?: boolean }): void {
  const fields = { ...withoutDigest(user), ...more }
  if (options.json) printJson([fields])
  else printFields(fields)
}

/** A digest is of use to whoever guesses passwords only. */
function withoutDigest({ password_digest: _, ...rest }: UserRow): Omit<UserRow, 'password_digest'> {
  return rest
}

function validationSentence(errors: ValidationErrors): string {
  const sentences = Object.entries(errors).map(
    ([field, [first]]) => `${field === 'guid' ? 'GUID' : field.replaceAll('_', ' ')} ${first}`,
  )
  const all = sentences.join('; ')
  return `${all.charAt(0).toUpperCase()}${all.slice(1)}.`
}
