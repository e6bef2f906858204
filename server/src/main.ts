import { readFileSync } from 'node:fs'
import { type Command, CommanderError } from 'commander'
import { createProgram } from './cli/program.ts'
import { readableWords } from './cli/terminal/command-words.ts'

const USAGE_ERROR = 2

/** Runs a command. A failure prints one line that says what to do, and exits with 1, or with 2 for a mistake in usage. */
async function main(args: string[]): Promise<void> {
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    // `tessera users list | head`: the reader has closed the pipe. The command still completes its changes.
    if (code === 'EPIPE' || process.exitCode) return
    process.stderr.write(`tessera: Standard output cannot be written: ${message}.\n`)
    process.exitCode = 1
  })
  process.stderr.on('error', () => {}) // there is nowhere left to say so
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const program = createProgram(version)
  throwInOneLine(program, program.name())
  try {
    await program.parseAsync(readableWords(program, args), { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR
      return
    }
    process.stderr.write(`tessera: ${sentence(error)}\n`)
    process.exit(1)
  }
}

/** Makes commander throw, and print one line: by default it prints several and exits by itself. */
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

/** The fields of an error of a server that cannot listen. */
interface Listening {
  port: number
  address: string
  hostname: string
}

function sentence(error: unknown): string {
  const { name, code, message, port, syscall, hostname, address } = error as NodeJS.ErrnoException & Partial<Listening>
  if (name === 'ConfigError' || name === 'CommandError') return message
  if (name === 'AuthError' && message === 'last_admin')
    return 'This is the last admin that can sign in; give another user the role first: tessera users set-role <user> admin'
  if (name === 'Unavailable' && message.startsWith('Redis: ')) return `${message}.`
  if (name === 'Unavailable') return `The database cannot be used: ${message}.`
  if (code === 'EADDRINUSE')
    return `Port ${port} is in use; stop the process that listens there, or set PORT to another port.`
  if (code === 'EACCES' && port) return `This account may not listen on port ${port}; set PORT to a port above 1023.`
  if (syscall === 'getaddrinfo' && hostname)
    return `The name ${hostname} of HOST has no address; set HOST to an address of this machine, or to 0.0.0.0 for all.`
  if (code === 'EADDRNOTAVAIL')
    return `This machine does not have the address ${address} of HOST; set HOST to one that it has, or to 0.0.0.0 for all.`
  return message
}

await main(process.argv.slice(2))
