import { CommandError } from './command-error.ts'

/** Decodes a file or standard input without its byte order mark. Invalid bytes are an error, never replaced. */
export function decodeUtf8(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CommandError(`${source} is not valid UTF-8; convert it to UTF-8 first.`)
  }
}
