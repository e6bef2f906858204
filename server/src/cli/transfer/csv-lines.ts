import { pipeline, Readable } from 'node:stream'
import { CsvError, type Info, parse } from 'csv-parse'
import { stringify } from 'csv-stringify/sync'
import { CommandError } from '../terminal/command-error.ts'
import { MAX_LINE_CHARACTERS, type SourceLine } from './source-line.ts'

type CsvRecord = { record: Record<string, string>; raw: string; info: Info & { error?: CsvError } }

/**
 * Reads CSV (RFC 4180) whose first row names the fields. A field without a value is absent. A record that has another number
 * of fields than the first row is a bad line; after a quote in a wrong place, no line can be told from the next one.
 *
 * @param options.onHeader gets the header row, with its line end
 * @throws {CommandError} for a header row that cannot be one, and for quotes that are not closed or in a wrong place
 */
export async function* readCsvLines(
  chunks: AsyncIterable<string>,
  { onHeader }: { onHeader: (text: string) => void },
): AsyncIterable<SourceLine> {
  let lastLine = 0
  const parser = parse({
    columns(row: string[]) {
      lastLine = 1
      onHeader(stringify([row]))
      return readHeader(row)
    },
    info: true,
    on_record(record, { lines }) {
      lastLine = lines
      return record
    },
    raw: true,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    max_record_size: MAX_LINE_CHARACTERS,
  })
  pipeline(Readable.from(chunks), parser, () => {}) // its errors reach the loop below, too
  try {
    for await (const { record, raw, info } of parser as AsyncIterable<CsvRecord>) {
      const text = raw.replace(/^[\r\n]+/, '').replace(/\r?\n$/, '')
      const number = info.lines - (text.match(/\n/g)?.length ?? 0)
      yield { number, text, user: info.error ? countFields(info.error) : withoutEmpty(record) }
    }
  } catch (error) {
    throw error instanceof CsvError ? refuse(sentenceOf(error, lastLine + 1)) : error
  }
}

/** Returns the names of the columns; a column without a name is ignored. */
function readHeader(row: readonly string[]): (string | false)[] {
  const names = row.map((name) => name.trim().toLowerCase())
  const repeated = names.find((name, index) => name !== '' && names.indexOf(name) !== index)
  if (repeated !== undefined) throw refuse(`The header row names the field ${JSON.stringify(repeated)} twice.`)
  if (!names.includes('email'))
    throw refuse('The header row has no field "email": it names the fields, separated by commas.')
  return names.map((name) => name || false)
}

function withoutEmpty(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== ''))
}

function countFields({ record, columns }: CsvError): string {
  const count = (fields: unknown) => (Array.isArray(fields) ? fields.length : 0)
  return `has ${count(record)} ${count(record) === 1 ? 'field' : 'fields'}, and the header row has ${count(columns)}`
}

function refuse(sentence: string): CommandError {
  return new CommandError(`${sentence} No users were imported.`)
}

/** @param firstLine where the row begins that cannot be read */
function sentenceOf({ code, lines }: CsvError, firstLine: number): string {
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return `A quote in the row that begins on line ${firstLine} is never closed.`
    case 'CSV_MAX_RECORD_SIZE':
      return `The row that begins on line ${firstLine} is too long, or a quote in it is never closed.`
    default:
      return `Line ${lines} has a quote in a wrong place: quote the whole field, and write each quote in it twice.`
  }
}
