import { Argument, type Command } from 'commander'
import { defineCommand, jsonOption } from '../terminal/define-command.ts'

/** Defines the commands that keep clients away from a database, and move it. */
export function defineMoveCommands(program: Command): void {
  defineCommand(
    program,
    'maintenance',
    'Answer all requests with 503 and Retry-After, or serve them again; without an argument, say which it is.',
    ['tessera maintenance on', 'tessera maintenance off'],
  )
    .addArgument(new Argument('[state]').choices(['on', 'off']))
    .option('--yes', 'do not ask before a database that was moved is served again')
    .addOption(jsonOption())
    .action(async (state, options) => (await import('./maintenance.ts')).maintenanceCommand(state, options))
  defineCommand(
    program,
    'move',
    'Move everything from SQLite to an empty PostgreSQL database, in maintenance, and compare both.',
    ['tessera move postgres://tessera@db.internal/tessera --dry-run', 'tessera move - < address.txt'],
  )
    .argument('<address>', 'postgres://user:password@host/database; - reads it from standard input')
    .option('--dry-run', 'check both databases and count the rows; change nothing')
    .addOption(jsonOption())
    .action(async (address, options) => (await import('./move.ts')).moveCommand(address, options))
}
