import { Argument, Command, Option } from 'commander'
import { AUDIT_KINDS } from '../storage/notice/audit-kinds.ts'
import { defineDoctorCommand } from './doctor/define.ts'
import { defineKeyCommands } from './keys/define.ts'
import { defineLimitCommands } from './limits/define.ts'
import { defineMoveCommands } from './move/define.ts'
import { defineOutboxCommands } from './outbox/define.ts'
import { chooseEnvFile } from './run/env-file.ts'
import { defineSessionCommands } from './sessions/define.ts'
import { defineCommand, jsonOption, limitOption } from './terminal/define-command.ts'
import { collectSettings, when, wholeNumber } from './terminal/option-values.ts'
import type { AnswerOptions } from './terminal/output.ts'
import { defineUserCommands } from './users/define.ts'

/**
 * Defines every command. The code of a command is loaded when it runs, so that a start does not pay for the others.
 *
 * @param version the version of the package
 */
export function createProgram(version: string): Command {
  const program = createCommands(version)
  defineCompletionCommands(program, () => createCommands(version))
  return program
}

/** Defines the commands for users. */
function createCommands(version: string): Command {
  const program = new Command('tessera')
    .description('A self-hosted authentication server: registration, login and JWT access / refresh token pairs.')
    .version(version)
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .option('--env-file <file>', 'read the settings from this file instead of .env')
    .hook('preAction', (_, command) => {
      const { envFile } = command.optsWithGlobals<{ envFile?: string }>()
      if (envFile !== undefined) chooseEnvFile(envFile)
    })
    .addHelpText('after', '\nSettings come from the environment or a .env file: docs/configuration.md lists them.')

  defineCommand(program, 'start', 'Start the server. This is the default command.', 'tessera start')
    .alias('serve')
    .option(
      '--new-key',
      'accept secrets other than those that made the tokens of the database; all users sign in again',
    )
    .action(async (options) => (await import('./start.ts')).start(version, options))
  defineCommand(program, 'migrate', 'Apply pending migrations and exit.', [
    'tessera migrate',
    'tessera migrate --check',
  ])
    .option('--check', 'change nothing; exit with 1 if migrations are pending')
    .addOption(jsonOption())
    .action(async (options) => (await import('./migrate.ts')).migrateCommand(options))
  defineCommand(
    program,
    'clean-up',
    'Delete expired sessions, old mails and expired rate-limit rows. Servers do so every ten minutes.',
    'tessera clean-up',
  )
    .addOption(jsonOption())
    .action(async (options: AnswerOptions) => (await import('./clean-up.ts')).cleanUpCommand(options))
  defineCommand(
    program,
    'backup',
    'Copy the SQLite database, also while a server runs, and check the copy.',
    'tessera backup /backups/tessera-2026-11-21.db',
  )
    .argument('<file>', 'the new file')
    .addOption(jsonOption())
    .action(async (file, options) => (await import('./backup.ts')).backupCommand(file, options))
  defineCommand(
    program,
    'restore',
    'Put a backup in the place of the SQLite database, and end the sessions of all users.',
    'tessera restore /backups/tessera-2026-11-21.db',
  )
    .argument('<file>', 'a file that tessera backup wrote')
    .option('--yes', 'do not ask')
    .addOption(jsonOption())
    .action(async (file, options) => (await import('./restore.ts')).restoreCommand(file, options))
  defineMoveCommands(program)
  defineStatusCommand(program)
  defineCommand(
    program,
    'secret',
    'Print a new key for JWT_SECRET_KEY, REFRESH_SECRET_KEY or SERVICE_KEYS.',
    'tessera secret',
  )
    .addOption(jsonOption())
    .action(async (options: AnswerOptions) => (await import('./secret.ts')).secretCommand(options))
  defineInitCommand(program)
  defineTestCommand(program)
  defineDoctorCommand(program)
  defineUserCommands(program)
  defineSessionCommands(program)
  defineLimitCommands(program)
  defineKeyCommands(program)
  defineOutboxCommands(program)
  defineAuditCommand(program)
  return program
}

function defineStatusCommand(program: Command): void {
  defineCommand(program, 'status', 'Show the figures of a running server.', [
    'tessera status --watch',
    'tessera status --url http://auth-1.internal:9464/metrics',
  ])
    .option('--url <url>', 'the address of its metrics, instead of METRICS_PORT on this machine')
    .option('--watch', 'show them again every two seconds, until Ctrl-C')
    .addOption(jsonOption())
    .action(async (options) => (await import('./status/status.ts')).statusCommand(options))
}

function defineInitCommand(program: Command): void {
  const description = 'Write a .env with new secrets, and the first lines for the framework of this folder.'
  defineCommand(program, 'init', description, ['tessera init', 'tessera init --compose'])
    .option('--compose', 'also write compose.tessera.yaml')
    .option('--force', 'replace files that exist')
    .addOption(jsonOption())
    .action(async (options) => (await import('./init/init.ts')).initCommand(options))
}

function defineTestCommand(program: Command): void {
  defineCommand(program, 'test', 'Start a server for the tests of an application, with a database of its own.', [
    'tessera test',
    'tessera test --port 4000 --seed users.json',
  ])
    .option('--port <port>', 'the port to listen on; 0 takes a free one', wholeNumber, 0)
    .option('--host <host>', 'the address to listen on', '127.0.0.1')
    .option('--seed <file>', 'a JSON file with users to begin with, as POST /test/users takes them')
    .option('--set <setting>', 'a setting of the rules, such as COOKIE_MODE=on; can be repeated', collectSettings, {})
    .action(async (options) => (await import('./test.ts')).testCommand(options))
}

/** The shells that completion is tested with. */
const SHELLS = ['bash', 'zsh', 'fish']

/** Defines the commands for shells. They describe a program of their own, to which a library adds theirs. */
function defineCompletionCommands(program: Command, describe: () => Command): void {
  const load = () => import('./completion.ts')
  const example = 'source <(tessera completion bash)'
  defineCommand(program, 'completion', 'Print the script that completes commands in a shell.', [
    example,
    'tessera completion fish | source',
  ])
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action(async (shell) => (await load()).completionCommand(describe(), shell))
  defineCommand(program, 'complete', 'Answer that script.', "tessera complete -- users ''", { hidden: true })
    .argument('[words...]')
    .action(async (words) => (await load()).completeCommand(describe(), words))
}

function defineAuditCommand(program: Command): void {
  const example = 'tessera audit --user ann@example.com --since 24h'
  defineCommand(program, 'audit', 'Show audit events, newest first.', example)
    .option('--user <user>', 'only events about this user: id, GUID or email address')
    .option('--session <id>', 'only events about this session')
    .addOption(new Option('--kind <kind>', 'only events of this kind').choices([...AUDIT_KINDS]))
    .addOption(
      new Option(
        '--since <time>',
        'only events from this time on: 2026-11-21, 2026-11-21T14:00:00Z, or an age such as 90m, 24h or 7d',
      ).argParser(when),
    )
    .addOption(new Option('--until <time>', 'only events before this time').argParser(when))
    .addOption(new Option('--all', 'every event, oldest first, as JSON: for an archive').implies({ json: true }))
    .addOption(
      new Option('--follow', 'every event, oldest first, and those to come, as JSON')
        .implies({ json: true })
        .conflicts('until'),
    )
    .addOption(limitOption())
    .addOption(jsonOption())
    .action(async (options) => (await import('./audit.ts')).auditCommand(options))
}
