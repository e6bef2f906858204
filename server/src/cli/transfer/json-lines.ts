import { CommandError } from '../terminal/command-error.ts'
import { MAX_LINE_CHARACTERS, type SourceLine } from './source-line.ts'

const NOT_AN_OBJECT = 'is not a JSON object'

/** Reads one JSON object per line. Empty lines are no users, and count. */
export async function* readJsonLines(chunks: AsyncIterable<string>): AsyncIterable<SourceLine> {
  let [rest, number] = ['', 0]
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE_CHARACTERS)
      throw new CommandError(`Line ${number + lines.length + 1} is too long: put one JSON object on each line.`)
    for (const text of lines) {
      number++
      if (text.trim() !== '') yield { number, text, user: parseLine(text) }
    }
  }
  if (rest.trim() !== '') yield { number: number + 1, text: rest, user: parseLine(rest) }
}

function parseLine(line: string): SourceLine['user'] {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : NOT_AN_OBJECT
  } catch {
    return NOT_AN_OBJECT
  }
}
