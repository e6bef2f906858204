import type { Command } from 'commander'
import { defineCommand, jsonOption, limitOption, optionalUserArgument } from '../terminal/define-command.ts'
import { network } from '../terminal/option-values.ts'
import type { ForgiveOptions } from './forgive.ts'
import type { ListOptions } from './list.ts'

/** Defines `tessera limits …`. */
export function defineLimitCommands(program: Command): void {
  const limits = program.command('limits').description('List and lift the limits that refuse logins and sign-ups.')
  defineCommand(limits, 'list', 'List the limits that refuse at the moment, the longest first.', [
    'tessera limits list',
    'tessera limits list ann@example.com',
  ])
    .addArgument(optionalUserArgument())
    .addOption(limitOption())
    .addOption(jsonOption())
    .action(async (user, options: ListOptions) => (await import('./list.ts')).listLimitsCommand(user, options))
  defineCommand(limits, 'forgive', 'Lift the limits of a user, of a network, or all.', [
    'tessera limits forgive ann@example.com',
    'tessera limits forgive --network 203.0.113.7',
  ])
    .addArgument(optionalUserArgument())
    .option('--network <address>', 'an IP address, or a network as tessera limits list shows it', network)
    .option('--all', 'every limit of every user and network')
    .addOption(jsonOption())
    .action(async (user, options: ForgiveOptions) => (await import('./forgive.ts')).forgiveLimitsCommand(user, options))
}
