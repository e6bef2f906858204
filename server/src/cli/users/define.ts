import { type Command, Option } from 'commander'
import { DEFAULT_LOCALE, LOCALES } from '../../text/locale.ts'
import {
  defineCommand,
  jsonOption,
  limitOption,
  optionalUserArgument,
  userArgument,
} from '../terminal/define-command.ts'
import { when, wholeNumber } from '../terminal/option-values.ts'
import type { ImportOptions } from '../transfer/import.ts'
import type { CreateOptions } from './create.ts'
import type { ListOptions } from './list.ts'
import type { VerifyOptions } from './mailbox.ts'
import { requireRole, roleArgument, roleOption } from './role-words.ts'
import type { UpdateOptions } from './update.ts'

/** Defines `tessera users …`. */
export function defineUserCommands(program: Command): void {
  const users = program.command('users').description('Create, find and change users.')
  defineReading(users)
  defineChanges(users)
  defineCommand(
    users,
    'export',
    'Print all users with their password hashes, as import reads them.',
    'tessera users export > users.jsonl',
  )
    .addOption(new Option('--csv', 'print CSV instead of JSON lines').conflicts('json'))
    .option('--json', 'print JSON, one object per line (the default)')
    .action(async (options) => (await import('../transfer/export.ts')).exportUsersCommand(options))
  defineCommand(users, 'import', 'Import users with their ids and password hashes.', [
    'tessera users import users.jsonl --dry-run',
    'tessera users import users.jsonl --skip-invalid --rejects bad.jsonl',
    'psql -At old -c "select row_to_json(u) from users u" | tessera users import -',
    'psql --csv old -c "select * from users" | tessera users import - --csv',
  ])
    .argument('<file>', 'one JSON object per line, or CSV; - is standard input')
    .option('--csv', 'read CSV whose first row names the fields; the default for a file called *.csv')
    .option('--dry-run', 'name all bad lines and write nothing')
    .option('--skip-invalid', 'import the good lines; without it, one bad line stops the import before it writes')
    .option('--rejects <file>', 'write the bad lines to this file, with --skip-invalid')
    .addOption(jsonOption())
    .action(async (file, options: ImportOptions) =>
      (await import('../transfer/import.ts')).importUsersCommand(file, options),
    )
}

function defineReading(users: Command): void {
  defineCommand(users, 'list', 'List users by id.', 'tessera users list --role admin')
    .addOption(roleOption('only users with this role'))
    .option('--disabled', 'only disabled users')
    .option('--search <text>', 'part of an email address or a name')
    .addOption(new Option('--after <id>', 'only users with a higher id').argParser(wholeNumber).default(0))
    .addOption(limitOption())
    .addOption(jsonOption())
    .action(async (options: ListOptions) => (await import('./list.ts')).listUsersCommand(options))
  defineCommand(users, 'show', 'Show one user.', 'tessera users show ann@example.com')
    .addArgument(userArgument())
    .addOption(jsonOption())
    .action(async (name, options) => (await import('./show.ts')).showUserCommand(name, options))
}

function defineChanges(users: Command): void {
  const change = () => import('./change.ts')
  defineCommand(users, 'create', 'Create a user; asks for the password, or reads it from standard input.', [
    'tessera users create ann@example.com --first-name Ann',
    'echo password123 | tessera users create admin@example.com --role admin --first-name Admin --last-name User',
  ])
    .argument('<email>')
    .addOption(roleOption('role of the user').default('user'))
    .option('--guid <guid>', 'use this GUID instead of a generated one')
    .option('--first-name <name>')
    .option('--last-name <name>')
    .addOption(new Option('--locale <locale>', 'language of mails').choices([...LOCALES]).default(DEFAULT_LOCALE))
    .option('--no-password', 'create a user who cannot log in: services can still request pairs for the GUID')
    .addOption(jsonOption())
    .action(async (email, options: CreateOptions, command: Command) => {
      requireRole(command, options.role)
      await (await import('./create.ts')).createUserCommand(email, options)
    })
  defineCommand(users, 'update', 'Change the address, the names or the language of a user.', [
    'tessera users update ann@example.com --email ann@new.example',
    'tessera users update ann@example.com --last-name ""',
  ])
    .addArgument(userArgument())
    .option('--email <email>')
    .option('--first-name <name>', 'empty removes it')
    .option('--last-name <name>', 'empty removes it')
    .addOption(new Option('--locale <locale>', 'language of mails').choices([...LOCALES]))
    .addOption(jsonOption())
    .action(async (name, options: UpdateOptions) => (await import('./update.ts')).updateUserCommand(name, options))
  defineCommand(users, 'disable', 'Disable a user and end their sessions.', 'tessera users disable ann@example.com')
    .addArgument(userArgument())
    .addOption(jsonOption())
    .action(async (name, options) => (await change()).disableUserCommand(name, options))
  defineCommand(users, 'enable', 'Enable a disabled user.', 'tessera users enable ann@example.com')
    .addArgument(userArgument())
    .addOption(jsonOption())
    .action(async (name, options) => (await change()).enableUserCommand(name, options))
  defineCommand(users, 'set-role', 'Change the role of a user.', 'tessera users set-role ann@example.com admin')
    .addArgument(userArgument())
    .addArgument(roleArgument())
    .addOption(jsonOption())
    .action(async (name, role, options, command: Command) => {
      requireRole(command, role)
      await (await change()).setRoleCommand(name, role, options)
    })
  defineCommand(users, 'set-claims', 'Replace the claims that access tokens of a user carry.', [
    `tessera users set-claims ann@example.com '{"plan":"gold","groups":["beta"]}'`,
    "tessera users set-claims ann@example.com '{}'",
  ])
    .addArgument(userArgument())
    .argument('<json>', 'a JSON object; {} clears them')
    .addOption(jsonOption())
    .action(async (name, json, options) => (await import('./set-claims.ts')).setClaimsCommand(name, json, options))
  defineCommand(
    users,
    'set-password',
    'Set a new password and end the sessions of the user.',
    'tessera users set-password ann@example.com',
  )
    .addArgument(userArgument())
    .addOption(jsonOption())
    .action(async (name, options) => (await change()).setPasswordCommand(name, options))
  defineMailbox(users)
  defineCommand(users, 'delete', 'Delete a user and their sessions.', 'tessera users delete ann@example.com --yes')
    .addArgument(userArgument())
    .option('--yes', 'do not ask for confirmation')
    .addOption(jsonOption())
    .action(async (name, options) => (await import('./delete.ts')).deleteUserCommand(name, options))
}

function defineMailbox(users: Command): void {
  const mailbox = () => import('./mailbox.ts')
  defineCommand(
    users,
    'send-reset',
    'Mail a user the link to a new password.',
    'tessera users send-reset ann@example.com',
  )
    .addArgument(userArgument())
    .addOption(jsonOption())
    .action(async (name, options) => (await mailbox()).sendResetCommand(name, options))
  defineCommand(users, 'verify-email', 'Count the address of a user as proven.', [
    'tessera users verify-email ann@example.com',
    'tessera users verify-email --all --before 2026-12-01',
  ])
    .addArgument(optionalUserArgument())
    .option('--all', 'all users who signed up before the time of --before')
    .addOption(new Option('--before <time>', 'a time such as 2026-12-01, or an age such as 7d').argParser(when))
    .addOption(jsonOption())
    .action(async (name, options: VerifyOptions) => (await mailbox()).verifyEmailCommand(name, options))
}
