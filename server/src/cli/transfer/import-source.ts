import { createHash } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  mkdtempSync,
  openSync,
  type ReadStream,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ImportLine } from '../../auth/account/import-users.ts'
import type { ForeignUser } from '../../auth/account/read-foreign-user.ts'
import { CommandError } from '../terminal/command-error.ts'

/** The lines of an import, which are read twice: to judge them, and to write them. */
export interface ImportSource {
  /** For sentences. */
  name: string
  /** Of the bytes. */
  digest: string
  lines(): AsyncIterable<ImportLine & { text: string }>
  close(): void
}

/** Longer lines are no users: most likely a whole JSON array. */
const MAX_LINE_CHARACTERS = 1_000_000

/**
 * Opens a file or, for `-`, standard input. What can be read only once, such as a pipe, is copied to a file without a name,
 * which is gone when the command ends, however it ends.
 */
export async function openSource(file: string): Promise<ImportSource> {
  const name = file === '-' ? 'Standard input' : file
  try {
    const opened = file === '-' ? null : openSync(file, 'r')
    const isFile = opened !== null && fstatSync(opened).isFile()
    const descriptor = isFile
      ? opened
      : await copyOf(opened === null ? process.stdin : createReadStream('', { fd: opened }))
    return await sourceOf(descriptor, name)
  } catch (error) {
    if (error instanceof CommandError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : message
    throw new CommandError(`${name} cannot be read: ${reason}. No users were imported.`)
  }
}

async function copyOf(input: NodeJS.ReadableStream): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-import-'))
  const descriptor = openSync(join(folder, 'lines'), 'wx+', 0o600)
  rmSync(folder, { recursive: true })
  await pipeline(input, createWriteStream('', { fd: descriptor, autoClose: false }))
  return descriptor
}

async function sourceOf(descriptor: number, name: string): Promise<ImportSource> {
  // Lines that are appended later were not judged, and are not read.
  const { size } = fstatSync(descriptor)
  const read = () => createReadStream('', { fd: descriptor, autoClose: false, start: 0, end: Math.max(0, size - 1) })
  const hash = createHash('sha256')
  if (size > 0) for await (const chunk of read()) hash.update(chunk)
  return {
    name,
    digest: hash.digest('base64url'),
    lines: () => (size > 0 ? readLines(read(), name) : noLines()),
    close() {
      try {
        closeSync(descriptor)
      } catch {
        // a stream that failed has closed it
      }
    },
  }
}

async function* noLines(): AsyncIterable<ImportLine & { text: string }> {}

/** Reads lines in UTF-8, without a byte order mark and without empty ones, which count. */
async function* readLines(chunks: ReadStream, name: string): AsyncIterable<ImportLine & { text: string }> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (chunk?: Buffer) => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
    } catch {
      throw new CommandError(`${name} is not valid UTF-8; convert it to UTF-8 first. No users were imported.`)
    }
  }
  let [rest, number] = ['', 0]
  for await (const chunk of chunks) {
    const lines = (rest + decode(chunk)).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE_CHARACTERS)
      throw new CommandError(`Line ${number + lines.length + 1} is too long: put one JSON object on each line.`)
    for (const text of lines) {
      number++
      if (text.trim() !== '') yield { number, text, user: parseLine(text) }
    }
  }
  const last = rest + decode()
  if (last.trim() !== '') yield { number: number + 1, text: last, user: parseLine(last) }
}

function parseLine(line: string): ForeignUser | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ForeignUser) : null
  } catch {
    return null
  }
}
