import type { Command } from 'commander'
import { defineCommand, jsonOption, limitOption } from '../terminal/define-command.ts'
import type { EndOptions } from './end.ts'
import type { ListOptions } from './list.ts'
import type { ShowOptions } from './show.ts'

/** Defines `tessera sessions …`. */
export function defineSessionCommands(program: Command): void {
  const sessions = program.command('sessions').description('List, show and end sessions.')
  defineCommand(sessions, 'list', 'List active sessions, newest first.', 'tessera sessions list --user ann@example.com')
    .option('--user <user>', 'only sessions of this user: id, GUID or email address')
    .option('--ended', 'include sessions that have ended')
    .addOption(limitOption())
    .addOption(jsonOption())
    .action(async (options: ListOptions) => (await import('./list.ts')).listSessionsCommand(options))
  defineCommand(sessions, 'show', 'Show a session, with why it ended and its audit events.', [
    'tessera sessions show 0198c2f4-7a3b-7c4d-8e5f-6a7b8c9d0e1f',
  ])
    .argument('<id>')
    .addOption(jsonOption())
    .action(async (id: string, options: ShowOptions) => (await import('./show.ts')).showSessionCommand(id, options))
  defineCommand(sessions, 'end', 'End one session, all sessions of a user, or all sessions.', [
    'tessera sessions end --user ann@example.com',
    'tessera sessions end --all --yes',
  ])
    .argument('[id]')
    .option('--user <user>', 'end all sessions of this user: id, GUID or email address')
    .option('--all', 'end the sessions of all users, for example after a backup was restored')
    .option('--yes', 'do not ask for confirmation')
    .addOption(jsonOption())
    .action(async (id, options: EndOptions) => (await import('./end.ts')).endSessionCommand(id, options))
}
