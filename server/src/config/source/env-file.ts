import { decodeUtf8 } from '../../text/utf8.ts'
import { ConfigError } from './config-error.ts'

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/s
const QUOTES = ['"', "'", '`']

/**
 * Reads a `.env` file of empty lines, comments and `NAME=value`. A value is bare, or quoted and then may span several lines.
 * Other parsers skip a line that they cannot read, which silently leaves a default in force; here it stops the start.
 *
 * @param fileName for errors
 * @throws {ConfigError} for bytes that are not UTF-8, a byte order mark, and a line that cannot be read, named by its number
 */
export function parseEnvFile(bytes: Uint8Array, fileName: string): Record<string, string> {
  try {
    return parseLines(decode(bytes, fileName).split(/\r?\n/))
  } catch (error) {
    if (!(error instanceof UnreadableLine)) throw error
    throw new ConfigError(`Line ${error.index + 1} of the file ${fileName} cannot be read: ${error.message}.`)
  }
}

class UnreadableLine extends Error {
  readonly index: number
  constructor(index: number, reason: string) {
    super(reason)
    this.index = index
  }
}

function parseLines(lines: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {}
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (/^\s*(#|$)/.test(line)) continue
    const [, name, written = ''] = LINE.exec(line) ?? []
    if (name === undefined) throw new UnreadableLine(index, 'it is neither empty, nor a comment, nor NAME=value')
    if (!QUOTES.includes(written.charAt(0))) {
      values[name] = readBare(written, index)
      continue
    }
    const { value, lastIndex } = readQuoted(lines, index, written)
    values[name] = value
    index = lastIndex
  }
  return values
}

function decode(bytes: Uint8Array, fileName: string): string {
  const text = decodeUtf8(bytes)
  // UTF-16 has a NUL in every other byte of ASCII text.
  if (text === null || text.startsWith('\uFEFF') || text.includes('\0'))
    throw new ConfigError(`The file ${fileName} is not plain UTF-8 text. Save it as UTF-8 without a byte order mark.`)
  return text
}

function readBare(written: string, index: number): string {
  const value = written.replace(/(^|\s+)#.*$/, '')
  if (value.includes('#')) throw new UnreadableLine(index, 'put a value that contains # in quotes')
  return value
}

/** Reads the value between quotes, which may span several lines. Only a comment may follow it. */
function readQuoted(
  lines: readonly string[],
  firstIndex: number,
  written: string,
): { value: string; lastIndex: number } {
  const quote = written.charAt(0)
  let text = written.slice(1)
  let lastIndex = firstIndex
  while (!text.includes(quote)) {
    lastIndex++
    if (lastIndex >= lines.length) throw new UnreadableLine(firstIndex, `the quote ${quote} is never closed`)
    text += `\n${lines[lastIndex]}`
  }
  const end = text.indexOf(quote)
  if (!/^\s*(#.*)?$/.test(text.slice(end + 1))) throw new UnreadableLine(lastIndex, 'text follows the closing quote')
  const value = text.slice(0, end)
  return { value: quote === '"' ? value.replaceAll('\\n', '\n') : value, lastIndex }
}
