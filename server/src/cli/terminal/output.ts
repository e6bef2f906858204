import { singleLine } from '../../text/safe-text.ts'

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

/** Prints a heading and aligned columns. Cells are untrusted input: none may control the terminal. */
export function printTable(rows: readonly Record<string, Cell>[]): void {
  const [first] = rows
  if (!first) return
  const lines = [Object.keys(first).map((name) => name.toUpperCase().replaceAll('_', ' ')), ...rows.map(rowCells)]
  const widths = Object.keys(first).map((_, column) =>
    Math.max(...lines.map((line) => [...(line[column] ?? '')].length)),
  )
  for (const line of lines)
    print(
      line
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

/** Prints one record, with a line for each of its fields. */
export function printFields(fields: Record<string, Cell>): void {
  const widest = Math.max(...Object.keys(fields).map((name) => name.length))
  for (const [name, value] of Object.entries(fields))
    print(`${name.replaceAll('_', ' ').padEnd(widest)}  ${cell(value)}`)
}

/** Prints how to see more, below a list that was cut to its limit. */
export function printMore(rows: readonly unknown[], limit: number): void {
  if (rows.length === limit) print(`Showing the newest ${limit}; --limit shows more.`)
}

function rowCells(row: Record<string, Cell>): string[] {
  return Object.values(row).map(cell)
}

function cell(value: Cell): string {
  if (value === null) return '-'
  if (value instanceof Date) return value.toISOString().replace(/\.\d+Z$/, 'Z')
  return singleLine(String(value), MAX_CELL_CHARACTERS)
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(width - [...text].length)
}

function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
