import { Argument, type Command, Option } from 'commander'
import { rowCount } from './option-values.ts'

/** Adds a command whose help shows one or more examples. The help of its parent leaves out a hidden one. */
export function defineCommand(
  parent: Command,
  name: string,
  description: string,
  examples: string | readonly string[],
  options: { isDefault?: boolean; hidden?: boolean } = {},
): Command {
  const lines = [examples].flat().map((example) => `  ${example}`)
  return parent
    .command(name, options)
    .description(description)
    .addHelpText('after', `\nFor example:\n${lines.join('\n')}`)
}

export const userArgument = () => new Argument('<user>', 'id, GUID or email address')

export const optionalUserArgument = () => new Argument('[user]', 'id, GUID or email address')

export const jsonOption = () => new Option('--json', 'print JSON, one object per line')

export const limitOption = () =>
  new Option('--limit <count>', 'maximum number of rows').argParser(rowCount).default(100)
