import { Argument, Command, Option } from 'commander'
import { auditKinds } from '../storage/audit-events.ts'
import { ROLES } from '../storage/users.ts'
import { DEFAULT_LOCALE, LOCALES } from '../text/locale.ts'
import { countFromOne, when, wholeNumber } from './option-values.ts'

/**
 * Every command there is. What a command does is loaded when it is asked for, so that a start does not pay for the others.
 *
 * @param version of the package
 */
export function createProgram(version: string): Command {
  const program = new Command('tessera')
    .description('A self-hosted authentication server: registration, login and JWT access / refresh token pairs.')
    .version(version)
    .helpCommand(false)
    .addHelpText('after', '\nSettings come from the environment or a .env file: docs/configuration.md lists them.')

  command(program, 'start', 'Serve; what happens without a command, too.', 'tessera start').action(async () =>
    (await import('./start.ts')).start(version),
  )
  command(program, 'migrate', 'Bring the database up to date and leave.', 'tessera migrate').action(async () =>
    (await import('./migrate.ts')).migrateCommand(),
  )
  command(
    program,
    'clean-up',
    'Delete what is past its end now; servers do so every ten minutes.',
    'tessera clean-up',
  ).action(async () => (await import('./clean-up.ts')).cleanUpCommand())
  command(
    program,
    'secret',
    'Print a fresh key for JWT_SECRET_KEY, REFRESH_SECRET_KEY or SERVICE_KEYS.',
    'tessera secret',
  ).action(async () => (await import('./secret.ts')).secretCommand())
  addUserCommands(program.command('users').description('Create, find and change people.'))
  addSessionCommands(program.command('sessions').description('See and end sessions.'))
  addOutboxCommands(program.command('outbox').description('See, send again and drop mails.'))
  command(program, 'audit', 'Show what happened, the newest first.', 'tessera audit --user ann@example.com --since 24h')
    .option('--user <user>', 'about this person: id, GUID or address')
    .option('--session <id>', 'about this session')
    .addOption(new Option('--kind <kind>', 'of this kind only').choices([...auditKinds]))
    .addOption(
      new Option('--since <time>', 'from then on: 2026-11-21, 2026-11-21T14:00:00Z, 90m, 24h or 7d ago').argParser(
        when,
      ),
    )
    .addOption(new Option('--until <time>', 'before then').argParser(when))
    .addOption(limit(100))
    .addOption(json())
    .action(async (options) => (await import('./audit.ts')).auditCommand(options))
  return program
}

function addUserCommands(users: Command): void {
  const load = () => import('./users.ts')
  command(users, 'create', 'Create a person; the password is asked for, or read from standard input.', [
    'tessera users create ann@example.com --first-name Ann',
    'echo password123 | tessera users create admin@example.com --role admin --first-name Admin --last-name User',
  ])
    .argument('<email>')
    .addOption(role('their role').default('user'))
    .option('--guid <guid>', 'instead of one that is drawn')
    .option('--first-name <name>')
    .option('--last-name <name>')
    .addOption(new Option('--locale <locale>', 'of their mails').choices([...LOCALES]).default(DEFAULT_LOCALE))
    .option('--no-password', 'known by GUID only: services may ask for pairs, nobody signs in')
    .addOption(json())
    .action(async (email, options) => (await load()).createUserCommand(email, options))
  command(users, 'list', 'List people by id.', 'tessera users list --role admin')
    .addOption(role('with this role only'))
    .option('--disabled', 'disabled ones only')
    .option('--search <text>', 'part of an address or a name')
    .addOption(new Option('--after <id>', 'page on').argParser(wholeNumber).default(0))
    .addOption(limit(100))
    .addOption(json())
    .action(async (options) => (await load()).listUsersCommand(options))
  command(users, 'show', 'Show one person.', 'tessera users show ann@example.com')
    .addArgument(user())
    .addOption(json())
    .action(async (name, options) => (await load()).showUserCommand(name, options))
  command(users, 'disable', 'Keep a person out; their sessions end.', 'tessera users disable ann@example.com')
    .addArgument(user())
    .action(async (name) => (await load()).disableUserCommand(name))
  command(users, 'enable', 'Let a disabled person in again.', 'tessera users enable ann@example.com')
    .addArgument(user())
    .action(async (name) => (await load()).enableUserCommand(name))
  command(users, 'delete', 'Delete a person with their sessions.', 'tessera users delete ann@example.com --yes')
    .addArgument(user())
    .option('--yes', 'do not ask')
    .action(async (name, options) => (await load()).deleteUserCommand(name, options))
  command(users, 'set-role', 'Change a role; it counts at once.', 'tessera users set-role ann@example.com admin')
    .addArgument(user())
    .addArgument(new Argument('<role>').choices([...ROLES]))
    .action(async (name, newRole) => (await load()).setRoleCommand(name, newRole))
  command(
    users,
    'set-password',
    'Set a new password; their sessions end.',
    'tessera users set-password ann@example.com',
  )
    .addArgument(user())
    .action(async (name) => (await load()).setPasswordCommand(name))
  command(users, 'import', 'Bring people with their ids and password digests; all or nobody.', [
    'tessera users import users.jsonl',
    'psql -At old -c "select row_to_json(u) from users u" | tessera users import -',
  ])
    .argument('<file>', 'one JSON object per line; - is standard input')
    .action(async (file) => (await load()).importUsersCommand(file))
}

function addSessionCommands(sessions: Command): void {
  const load = () => import('./sessions.ts')
  command(sessions, 'list', 'List living sessions, the newest first.', 'tessera sessions list --user ann@example.com')
    .option('--user <user>', 'of this person: id, GUID or address')
    .option('--ended', 'those that have ended, too')
    .addOption(limit(100))
    .addOption(json())
    .action(async (options) => (await load()).listSessionsCommand(options))
  command(sessions, 'end', 'End one session, all of a person, or all there are.', [
    'tessera sessions end --user ann@example.com',
    'tessera sessions end --all --yes',
  ])
    .argument('[id]')
    .option('--user <user>', 'all of this person: id, GUID or address')
    .option('--all', 'of everybody, as after a backup was restored')
    .option('--yes', 'do not ask')
    .action(async (id, options) => (await load()).endSessionCommand(id, options))
}

function addOutboxCommands(outbox: Command): void {
  const load = () => import('./outbox.ts')
  const ids = () =>
    new Argument('[id...]').argParser((text, before?: number[]) => [...(before ?? []), wholeNumber(text)])
  command(outbox, 'list', 'List mails, the newest first.', 'tessera outbox list --state failed')
    .addOption(new Option('--state <state>', 'only those').choices(['waiting', 'sent', 'failed']))
    .addOption(limit(100))
    .addOption(json())
    .action(async (options) => (await load()).listMailsCommand(options))
  command(outbox, 'show', 'Show a mail as its reader would see it.', 'tessera outbox show 12')
    .addArgument(new Argument('<id>').argParser(wholeNumber))
    .option('--html', 'its HTML')
    .addOption(json())
    .action(async (id, options) => (await load()).showMailCommand(id, options))
  command(outbox, 'retry', 'Have mails sent at once, also those given up.', 'tessera outbox retry --failed')
    .addArgument(ids())
    .option('--failed', 'all that were given up')
    .action(async (chosen = [], options) => (await load()).retryMailsCommand({ ids: chosen, ...options }))
  command(outbox, 'drop', 'Forget mails, sent or not.', 'tessera outbox drop 12')
    .addArgument(ids())
    .option('--failed', 'all that were given up')
    .action(async (chosen = [], options) => (await load()).dropMailsCommand({ ids: chosen, ...options }))
}

/** A command with an example or more in its help. */
function command(parent: Command, name: string, description: string, examples: string | string[]): Command {
  const lines = [examples].flat().map((example) => `  ${example}`)
  return parent
    .command(name)
    .description(description)
    .addHelpText('after', `\nFor example:\n${lines.join('\n')}`)
}

const user = () => new Argument('<user>', 'id, GUID or address')
const role = (description: string) => new Option('--role <role>', description).choices([...ROLES])
const json = () => new Option('--json', 'a JSON document per line instead of a table')
const limit = (count: number) =>
  new Option('--limit <count>', 'maximum number of rows').argParser(countFromOne).default(count)
