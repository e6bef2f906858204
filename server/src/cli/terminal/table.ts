import stringWidth from 'string-width'

/** A row of a table: the text of each column by its name. */
export type Row = Readonly<Record<string, string>>

/** Columns of free text, which may be cut in a narrow terminal. What an operator copies stays whole. */
const CUTTABLE = ['device', 'details', 'last_error', 'name']
const MIN_CUT_WIDTH = 10
/** Columns that a narrow terminal can do without, from the first to leave to the last. */
const DISPENSABLE = ['device', 'guid']
const GAP = '  '

export interface Layout {
  /** The columns that have a place, with their widths in terminal cells. */
  widths: ReadonlyMap<string, number>
  /** The columns that have none. */
  hidden: readonly string[]
}

/**
 * Decides the widths of the columns: as wide as their content, else with free text cut, else without what can be left out.
 *
 * @param maxWidth the width of the terminal in cells; null for output that is no terminal
 * @returns null if the rest is still too wide, so that rows should be printed one field per line
 */
export function layOut(rows: readonly Row[], maxWidth: number | null): Layout | null {
  const widths = new Map(
    Object.keys(rows[0] ?? {}).map((name) => [
      name,
      Math.max(stringWidth(heading(name)), ...rows.map((row) => stringWidth(row[name] ?? ''))),
    ]),
  )
  const hidden: string[] = []
  for (const next of [...DISPENSABLE, null]) {
    if (maxWidth === null || cut(widths, maxWidth)) return { widths, hidden }
    if (next !== null && widths.delete(next)) hidden.push(next)
  }
  return null
}

/** Cuts columns of free text, the widest first, until the row fits; returns whether it does, and leaves them whole if not. */
function cut(widths: Map<string, number>, maxWidth: number): boolean {
  let excess = [...widths.values()].reduce((sum, width) => sum + width) + GAP.length * (widths.size - 1) - maxWidth
  const cuts = new Map<string, number>()
  const widestFirst = CUTTABLE.toSorted((one, other) => (widths.get(other) ?? 0) - (widths.get(one) ?? 0))
  for (const name of widestFirst) {
    const width = widths.get(name) ?? 0
    if (excess <= 0 || width <= MIN_CUT_WIDTH) continue
    const cutWidth = Math.max(MIN_CUT_WIDTH, width - excess)
    excess -= width - cutWidth
    cuts.set(name, cutWidth)
  }
  if (excess > 0) return false
  for (const [name, width] of cuts) widths.set(name, width)
  return true
}

/** Returns the cells of a row with the width of their columns; the last one has no blanks at its end. */
export function padCells({ widths }: Layout, row: Row): [name: string, cell: string][] {
  const last = [...widths.keys()].at(-1)
  return [...widths].map(([name, width]) => {
    const text = fit(row[name] ?? '', width)
    return [name, name === last ? text : text + ' '.repeat(width - stringWidth(text)) + GAP]
  })
}

export function heading(name: string): string {
  return name.toUpperCase().replaceAll('_', ' ')
}

function fit(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  const characters = [...text]
  while (stringWidth(characters.join('')) > width - 1) characters.pop()
  return `${characters.join('')}…`
}
