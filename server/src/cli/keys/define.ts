import { type Command, Option } from 'commander'
import { defineCommand, jsonOption } from '../terminal/define-command.ts'
import type { AddOptions } from './add.ts'
import type { NowOption } from './change.ts'
import type { ListOptions } from './list.ts'

/** Defines `tessera keys …`. */
export function defineKeyCommands(program: Command): void {
  const keys = program
    .command('keys')
    .description('List, rotate, add and retire the key pairs that sign access tokens.')
  defineCommand(keys, 'list', 'List the key pairs with their states. This is the default.', 'tessera keys list', {
    isDefault: true,
  })
    .addOption(jsonOption())
    .action(async (options: ListOptions) => (await import('./list.ts')).listKeysCommand(options))
  defineCommand(keys, 'rotate', 'Let the next key sign now.', ['tessera keys rotate', 'tessera keys rotate --now'])
    .option('--now', 'although other services may not have read the next key')
    .addOption(jsonOption())
    .action(async (options: NowOption) => (await import('./change.ts')).rotateKeyCommand(options))
  defineCommand(
    keys,
    'add',
    'Publish a key of another algorithm, before JWT_ALGORITHM names it.',
    'tessera keys add --algorithm ES256',
  )
    .addOption(
      new Option('--algorithm <algorithm>', 'the algorithm').choices(['ES256', 'EdDSA', 'RS256']).makeOptionMandatory(),
    )
    .addOption(jsonOption())
    .action(async (options: AddOptions) => (await import('./add.ts')).addKeyCommand(options))
  defineCommand(keys, 'retire', 'Retire a key: it signs no more.', [
    'tessera keys retire oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U',
    'tessera keys retire oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U --now',
  ])
    .argument('<kid>', 'the id of the key')
    .option('--now', 'refuse its tokens from now on: for a key that is known to a stranger')
    .addOption(jsonOption())
    .action(async (kid, options: NowOption) => (await import('./change.ts')).retireKeyCommand(kid, options))
}
