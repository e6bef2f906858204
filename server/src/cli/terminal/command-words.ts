import type { Command } from 'commander'

/**
 * Returns the words that commander should read: without a command they are `start`; and a command that does not exist loses
 * its `--help`, because commander would print the help of another command and report success.
 *
 * @throws {CommanderError} for an option without its value, and for `--version`, which is printed
 */
export function readableWords(program: Command, args: readonly string[]): string[] {
  const { operands, unknown } = program.parseOptions([...args])
  if (operands.length === 0 && unknown.length === 0) return [...args, 'start']
  if (isKnown(program, operands)) return [...args]
  return args.filter((word) => word !== '--help' && word !== '-h')
}

/** Whether the words begin with a command that exists; the words after it are its arguments. */
function isKnown(command: Command, [word, ...rest]: readonly string[]): boolean {
  if (word === undefined || command.commands.length === 0) return true
  const inner = command.commands.find((candidate) => candidate.name() === word || candidate.aliases().includes(word))
  return inner !== undefined && isKnown(inner, rest)
}
