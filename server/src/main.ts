import { migrateCommand } from './cli/migrate.ts'
import { start } from './cli/start.ts'
import { ConfigError } from './config.ts'
import { Unavailable } from './storage/database.ts'

const commands: Record<string, () => Promise<void>> = { start, migrate: migrateCommand }

const USAGE = `Usage: tessera [start | migrate]

  start     serve (the default); settings come from the environment or a .env file, see docs/configuration.md
  migrate   bring the database up to date and leave
`

/** Runs a command; a failure is one line that says what to mend, and the exit code 1. */
async function main(name = 'start'): Promise<void> {
  const command = commands[name]
  if (!command) {
    process.stderr.write(USAGE)
    process.exit(name === '--help' || name === 'help' ? 0 : 2)
  }
  try {
    await command()
  } catch (error) {
    process.stderr.write(`tessera: ${sentence(error)}\n`)
    process.exit(1)
  }
}

function sentence(error: unknown): string {
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number }
  if (error instanceof ConfigError) return message
  if (error instanceof Unavailable) return `The database cannot be used: ${message}.`
  if (code === 'EADDRINUSE') return `Port ${port} is in use; stop what listens there, or set PORT to another one.`
  if (code === 'EACCES' && port) return `Port ${port} may not be used by this user; set PORT to one above 1023.`
  return message
}

await main(process.argv[2])
