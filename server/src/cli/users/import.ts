import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { type ForeignUser, importUsers } from '../../auth/account/import-users.ts'
import { COMMAND_LINE as origin, withDatabase } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { decodeUtf8 } from '../terminal/decode-utf8.ts'
import { print } from '../terminal/output.ts'
import { validationSentence } from './validation-sentence.ts'

const NOTHING_IMPORTED = 'No users were imported.'

/** Reads one JSON object per line, from a file or, for `-`, from standard input. */
export async function importUsersCommand(file: string): Promise<void> {
  const source = file === '-' ? 'Standard input' : file
  const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file).catch(cannotRead(file))
  const lines = decodeUtf8(bytes, source).split('\n')
  const users = lines.flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(line, index + 1)]))
  if (users.length === 0) throw new CommandError(`${source} is empty. ${NOTHING_IMPORTED}`)
  await withDatabase({ mayCreate: true }, async (ctx) => {
    const outcome = await importUsers(ctx, { users, origin })
    if (outcome.kind === 'imported')
      return print(outcome.users === 1 ? 'Imported 1 user.' : `Imported ${outcome.users} users.`)
    throw new CommandError(`Line ${outcome.line}: ${validationSentence(outcome.errors)} ${NOTHING_IMPORTED}`)
  })
}

function cannotRead(file: string) {
  return (error: NodeJS.ErrnoException): never => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new CommandError(`${file} cannot be read: ${reason}. ${NOTHING_IMPORTED}`)
  }
}

function parseLine(line: string, number: number): ForeignUser {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as ForeignUser
  } catch {
    // reported below
  }
  throw new CommandError(`Line ${number} is not a JSON object. ${NOTHING_IMPORTED}`)
}
