import { decodeUtf8 as decode } from '../../text/utf8.ts'
import { CommandError } from './command-error.ts'

/** Decodes a file or standard input without its byte order mark. Invalid bytes are an error, never replaced. */
export function decodeUtf8(bytes: Uint8Array, source: string): string {
  const text = decode(bytes)
  if (text === null) throw new CommandError(`${source} is not valid UTF-8; convert it to UTF-8 first.`)
  return text.replace(/^\uFEFF/, '')
}
