import type { Command } from 'commander'
import { defineCommand, jsonOption, limitOption } from '../terminal/define-command.ts'
import type { EndOptions } from './end.ts'
import type { ListOptions } from './list.ts'

/** Defines `tessera sessions …`. */
export function defineSessionCommands(program: Command): void {
  const sessions = program.command('sessions').description('List and end sessions.')
  defineCommand(sessions, 'list', 'List active sessions, newest first.', 'tessera sessions list --user ann@example.com')
    .option('--user <user>', 'only sessions of this user: id, GUID or email address')
    .option('--ended', 'include sessions that have ended')
    .addOption(limitOption())
    .addOption(jsonOption())
    .action(async (options: ListOptions) => (await import('./list.ts')).listSessionsCommand(options))
  defineCommand(sessions, 'end', 'End one session, all sessions of a user, or all sessions.', [
    'tessera sessions end --user ann@example.com',
    'tessera sessions end --all --yes',
  ])
    .argument('[id]')
    .option('--user <user>', 'end all sessions of this user: id, GUID or email address')
    .option('--all', 'end the sessions of all users, for example after a backup was restored')
    .option('--yes', 'do not ask for confirmation')
    .action(async (id, options: EndOptions) => (await import('./end.ts')).endSessionCommand(id, options))
}
