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
import { CommandError } from '../terminal/command-error.ts'
import { readCsvLines } from './csv-lines.ts'
import { readJsonLines } from './json-lines.ts'
import type { SourceLine } from './source-line.ts'

/** The lines of an import, which are read twice: to judge them, and to write them. */
export interface ImportSource {
  /** For sentences. */
  name: string
  /** Of the bytes. */
  digest: string
  lines(): AsyncIterable<SourceLine>
  /** The text that comes before the lines, as far as they have been read: the header row of CSV, with its line end. */
  heading(): string
  close(): void
}

/**
 * Opens a file or, for `-`, standard input. What can be read only once, such as a pipe, is copied to a file without a name,
 * which is gone when the command ends, however it ends.
 *
 * @param options.csv reads CSV, which a name that ends in `.csv` promises; otherwise one JSON object per line
 */
export async function openSource(
  file: string,
  { csv = /\.csv$/i.test(file) }: { csv?: boolean },
): Promise<ImportSource> {
  const name = file === '-' ? 'Standard input' : file
  try {
    const opened = file === '-' ? null : openSync(file, 'r')
    const isFile = opened !== null && fstatSync(opened).isFile()
    const descriptor = isFile
      ? opened
      : await copyOf(opened === null ? process.stdin : createReadStream('', { fd: opened }))
    return await sourceOf(descriptor, { name, csv })
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

async function sourceOf(descriptor: number, { name, csv }: { name: string; csv: boolean }): Promise<ImportSource> {
  // Lines that are appended later were not judged, and are not read.
  const { size } = fstatSync(descriptor)
  const read = () => createReadStream('', { fd: descriptor, autoClose: false, start: 0, end: Math.max(0, size - 1) })
  const chunks = () => (size > 0 ? decode(read(), name) : noChunks())
  const hash = createHash('sha256')
  if (size > 0) for await (const chunk of read()) hash.update(chunk)
  let heading = ''
  return {
    name,
    digest: hash.digest('base64url'),
    lines: () => (csv ? readCsvLines(chunks(), { onHeader: (text) => (heading = text) }) : readJsonLines(chunks())),
    heading: () => heading,
    close() {
      try {
        closeSync(descriptor)
      } catch {
        // a stream that failed has closed it
      }
    },
  }
}

async function* noChunks(): AsyncIterable<string> {}

/** Decodes UTF-8 without its byte order mark. */
async function* decode(chunks: ReadStream, name: string): AsyncIterable<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true })
    yield decoder.decode()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new CommandError(`${name} is not valid UTF-8; convert it to UTF-8 first. No users were imported.`)
  }
}
