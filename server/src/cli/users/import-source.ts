import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
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

/** Opens a file or, for `-`, standard input, of which a copy is kept meanwhile that only its owner can read. */
export async function openSource(file: string): Promise<ImportSource> {
  if (file !== '-') return sourceOf(file, file, () => {})
  const folder = mkdtempSync(join(tmpdir(), 'tessera-import-'))
  const close = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', close)
  const copy = join(folder, 'lines')
  await pipeline(process.stdin, createWriteStream(copy, { mode: 0o600 }))
  return sourceOf(copy, 'Standard input', close)
}

async function sourceOf(path: string, name: string, close: () => void): Promise<ImportSource> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : message
    throw new CommandError(`${name} cannot be read: ${reason}. No users were imported.`)
  }
  return { name, digest: hash.digest('base64url'), lines: () => readLines(path, name), close }
}

/** Reads lines in UTF-8, without a byte order mark and without empty ones, which count. */
async function* readLines(path: string, name: string): AsyncIterable<ImportLine & { text: string }> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (chunk?: Buffer) => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
    } catch {
      throw new CommandError(`${name} is not valid UTF-8; convert it to UTF-8 first. No users were imported.`)
    }
  }
  let [rest, number] = ['', 0]
  for await (const chunk of createReadStream(path)) {
    const lines = (rest + decode(chunk)).split('\n')
    rest = lines.pop() ?? ''
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
