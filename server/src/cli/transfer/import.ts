import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { Presets, SingleBar } from 'cli-progress'
import {
  type BadLine,
  ImportInterrupted,
  type ImportVerdict,
  judgeImport,
  writeImport,
} from '../../auth/account/import-users.ts'
import { type CommandContext, COMMAND_LINE as origin, withDatabase } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type AnswerOptions, print, printOutcome } from '../terminal/output.ts'
import { validationSentence } from '../terminal/validation-sentence.ts'
import { type ImportSource, openSource } from './import-source.ts'

export interface ImportOptions extends AnswerOptions {
  csv?: boolean
  dryRun?: boolean
  skipInvalid?: boolean
  rejects?: string
}

const NOTHING_IMPORTED = 'No users were imported.'
const MAX_LISTED = 1000

/** Reads one JSON object per line, or CSV. All lines are judged before the first user is written. */
export async function importUsersCommand(file: string, options: ImportOptions): Promise<void> {
  if (options.rejects !== undefined && !options.skipInvalid)
    throw new CommandError(`--rejects needs --skip-invalid. ${NOTHING_IMPORTED}`)
  const source = await openSource(file, options)
  try {
    await withDatabase({ mayCreate: true }, (ctx) => importFrom(ctx, source, options))
  } finally {
    source.close()
  }
}

async function importFrom(ctx: CommandContext, source: ImportSource, options: ImportOptions): Promise<void> {
  const verdict = await judgeImport(ctx, source.digest, source.lines())
  if (verdict.lines === 0) throw new CommandError(`${source.name} is empty. ${NOTHING_IMPORTED}`)
  if (verdict.bad.length > 0 && !options.skipInvalid) throw refuse(verdict)
  const { lines, bad } = verdict
  if (options.dryRun)
    return printOutcome(`${summaryOf(verdict)} ${NOTHING_IMPORTED}`, { lines, bad: bad.length, imported: 0 }, options)
  if (options.rejects !== undefined) await writeRejects(options.rejects, source, verdict)
  if (verdict.committedLine > 0 && !options.json)
    print(`Continuing an import that ended after line ${verdict.committedLine}.`)
  const written = await write(ctx, source, verdict)
  const skipped = bad.length === 0 ? '' : ` Skipped ${plural(bad.length, 'bad line')}.`
  printOutcome(`Imported ${plural(written, 'user')}.${skipped}`, { lines, bad: bad.length, imported: written }, options)
}

async function write(ctx: CommandContext, source: ImportSource, verdict: ImportVerdict): Promise<number> {
  const format = '{bar} {percentage} % | {value} of {total} users | {rate}/s | {eta_formatted} left'
  const bar = new SingleBar({ format, noTTYOutput: false, stream: process.stderr }, Presets.shades_classic)
  const startedAt = performance.now()
  let written = 0
  bar.start(verdict.lines - verdict.bad.length, 0, { rate: 0 })
  try {
    return await writeImport(ctx, source.digest, source.lines(), {
      verdict,
      origin,
      onWritten(users) {
        written += users
        bar.update(written, { rate: Math.round((written * 1000) / (performance.now() - startedAt)) })
      },
    })
  } catch (error) {
    if (!(error instanceof ImportInterrupted)) throw error
    throw new CommandError(
      `${error.message}. The lines up to ${error.committedLine} are imported; run the command again to see the line.`,
    )
  } finally {
    bar.stop()
  }
}

/** Names every bad line; a single one in the sentence itself. */
function refuse({ bad }: ImportVerdict): CommandError {
  const [only] = bad
  if (only && bad.length === 1) return new CommandError(`${sentenceOf(only)} ${NOTHING_IMPORTED}`)
  for (const line of bad.slice(0, MAX_LISTED)) process.stderr.write(`${sentenceOf(line)}\n`)
  if (bad.length > MAX_LISTED) process.stderr.write(`… and ${bad.length - MAX_LISTED} more.\n`)
  return new CommandError(`${bad.length} lines are bad. ${NOTHING_IMPORTED} --skip-invalid imports the others.`)
}

function sentenceOf({ number, problem }: BadLine): string {
  if (typeof problem === 'string') return `Line ${number} ${problem}.`
  return `Line ${number}: ${validationSentence(problem)}`
}

/** Writes the bad lines to a new file. An import that continues adds to the file that it began. */
async function writeRejects(file: string, source: ImportSource, { bad, committedLine }: ImportVerdict): Promise<void> {
  const numbers = new Set(bad.map(({ number }) => number))
  const badLines = async function* () {
    if (committedLine === 0) yield source.heading()
    for await (const { number, text } of source.lines()) if (numbers.has(number)) yield `${text.trimEnd()}\n`
  }
  try {
    await pipeline(badLines, createWriteStream(file, { mode: 0o600, flags: committedLine > 0 ? 'a' : 'wx' }))
  } catch (error) {
    if (error instanceof CommandError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'EEXIST' ? 'it exists already' : message
    throw new CommandError(`The bad lines cannot be written to ${file}: ${reason}. ${NOTHING_IMPORTED}`)
  }
}

function summaryOf({ lines, bad }: ImportVerdict): string {
  const judged = `${plural(lines, 'line')} judged`
  return bad.length === 0 ? `${judged}, none is bad.` : `${judged}, ${bad.length} bad.`
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
