import { singleLine } from '../../text/safe-text.ts'
import { relativeTime } from './relative-time.ts'
import { styled, styledState } from './style.ts'
import { heading, type Layout, layOut, padCells, type Row } from './table.ts'

type Cell = string | number | Date | null

const MAX_CELL_CHARACTERS = 80

/** Characters that JSON may contain unescaped and that a terminal interprets. */
const CONTROL_CHARACTERS = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Prints one JSON object per line, as `jq` and log tools read them. */
export function printJson(rows: readonly object[]): void {
  for (const row of rows) print(JSON.stringify(row).replaceAll(CONTROL_CHARACTERS, escaped))
}

/** Options of every command that prints an answer. */
export interface AnswerOptions {
  json?: boolean
}

/** Prints the outcome of a command: a sentence, or its fields as one JSON object. */
export function printOutcome(sentence: string, fields: object, { json }: AnswerOptions): void {
  if (json) printJson([fields])
  else print(sentence)
}

/**
 * Prints a heading and aligned columns. In a terminal that is too narrow, free text is cut, and then columns are left out,
 * or each row is printed one field per line. Cells are untrusted input: none may control the terminal.
 *
 * @param now of the database; a terminal gets times relative to it
 */
export function printTable(rows: readonly Record<string, Cell>[], now: Date): void {
  if (rows.length === 0) return
  const texts = rows.map((row) => textCells(row, now))
  const layout = layOut(texts, terminalWidth())
  if (layout) printAligned(texts, layout)
  else printRecords(texts)
}

function printAligned(rows: readonly Row[], layout: Layout): void {
  const headings = [...layout.widths.keys()].map((name) => [name, heading(name)])
  const cells = padCells(layout, Object.fromEntries(headings))
  print(styled('bold', joined(cells.map(([, text]) => text))))
  for (const row of rows)
    print(joined(padCells(layout, row).map(([name, text]) => (name === 'state' ? styledState(text) : text))))
  if (layout.hidden.length > 0)
    print(styled('dim', `Not shown, as the terminal is narrow: ${layout.hidden.join(', ')}. --json prints all.`))
}

/** Prints one record, with a line for each of its fields. `now` is as in {@link printTable}. */
export function printFields(fields: Record<string, Cell>, now: Date): void {
  printRecords([textCells(fields, now)])
}

/** Prints records one field per line, with an empty line between them. */
function printRecords(records: readonly Row[]): void {
  const widest = Math.max(...Object.keys(records[0] ?? {}).map((name) => name.length))
  for (const [index, record] of records.entries()) {
    if (index > 0) print('')
    for (const [name, text] of Object.entries(record))
      print(
        `${styled('dim', name.replaceAll('_', ' ').padEnd(widest))}  ${name === 'state' ? styledState(text) : text}`,
      )
  }
}

/** Prints how to see more, below a list that was cut to its limit. */
export function printMore(rows: readonly unknown[], limit: number): void {
  if (rows.length === limit) print(`Showing the newest ${limit}; --limit shows more.`)
}

function textCells(row: Record<string, Cell>, now: Date): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cell(value, now)]))
}

function cell(value: Cell, now: Date): string {
  if (value === null) return '-'
  if (!(value instanceof Date)) return singleLine(String(value), MAX_CELL_CHARACTERS)
  return process.stdout.isTTY ? relativeTime(value, now) : value.toISOString().replace(/\.\d+Z$/, 'Z')
}

function joined(cells: readonly string[]): string {
  return cells.join('').trimEnd()
}

/** The width of the terminal in cells; null if there is none, or it does not say. */
function terminalWidth(): number | null {
  return process.stdout.isTTY ? process.stdout.columns || null : null
}

function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
