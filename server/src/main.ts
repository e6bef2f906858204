import { readFileSync } from 'node:fs'
import { type Command, CommanderError } from 'commander'
import { createProgram } from './cli/program.ts'

const USAGE_ERROR = 2

/** Runs a command; a failure is one line that says what to mend, and the exit code 1; 2 for a command that is none. */
async function main(args: string[]): Promise<void> {
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    // `tessera users list | head`: whoever read has enough. What a command changes, it changes to the end.
    if (code === 'EPIPE' || process.exitCode) return
    process.stderr.write(`tessera: The output cannot be written: ${message}.\n`)
    process.exitCode = 1
  })
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const program = createProgram(version)
  throwInOneLine(program, program.name())
  try {
    await program.parseAsync(args.length === 0 ? ['start'] : args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR
      return
    }
    process.stderr.write(`tessera: ${sentence(error)}\n`)
    process.exit(1)
  }
}

/** Commander would print several lines and leave by itself. */
function throwInOneLine(command: Command, fullName: string): void {
  command.exitOverride().showHelpAfterError(`See ${fullName} --help.`)
  command.configureOutput({
    outputError: (text, write) => {
      const line = text
        .replace(/^error: /, 'tessera: ')
        .trimEnd()
        .replaceAll('\n', ' ')
      write(/[.)]$/.test(line) ? `${line} ` : `${line}. `)
    },
  })
  for (const inner of command.commands) throwInOneLine(inner, `${fullName} ${inner.name()}`)
}

function sentence(error: unknown): string {
  const { name, code, message, port } = error as NodeJS.ErrnoException & { port?: number }
  if (name === 'ConfigError' || name === 'CommandError') return message
  if (name === 'Unavailable') return `The database cannot be used: ${message}.`
  if (code === 'EADDRINUSE') return `Port ${port} is in use; stop what listens there, or set PORT to another one.`
  if (code === 'EACCES' && port) return `Port ${port} may not be used by this user; set PORT to one above 1023.`
  return message
}

await main(process.argv.slice(2))
