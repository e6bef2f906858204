import { CommandError } from './command-error.ts'

/** Text of a file or of standard input, less a byte order mark; never with letters that nobody wrote. */
export function decodeUtf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CommandError(`${where} is not in UTF-8.`)
  }
}
