import { findTaken, type ImportedUser, insertImportedUsers, reserveIds } from '../../storage/account/imported-users.ts'
import { UniqueViolation } from '../../storage/database/errors.ts'
import { clearFact, readFact, writeFact } from '../../storage/database/installation.ts'
import { insertAuditEvents } from '../../storage/notice/audit-events.ts'
import type { Context, Settings } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { type ForeignUser, readUser } from './read-foreign-user.ts'
import { TAKEN, type ValidationErrors } from './user-fields.ts'

/** A line of an import: a user of another system, or the reason why the line has none. */
export interface ImportLine {
  /** Counts from 1. */
  number: number
  /** The reason is worded to follow the number in a sentence: `is not a JSON object`. */
  user: ForeignUser | string
}

export interface BadLine {
  number: number
  /** The errors of its fields, or the reason why the line has no user. */
  problem: ValidationErrors | string
}

/** The verdict on all lines. Nothing is written to reach it. */
export interface ImportVerdict {
  lines: number
  bad: BadLine[]
  highestId: number
  /** The last line that an earlier, interrupted run of the same import has committed; 0 for none. */
  committedLine: number
}

type ImportContext = Pick<Context, 'db' | 'now' | 'random'> & { settings: Pick<Settings, 'roles'> }

/** Lines that are judged and written together: few enough for one statement, so that requests run in between. */
const BATCH_SIZE = 1000

/**
 * Judges all lines of an import: each alone, against the lines before it, and against the users that exist.
 *
 * @param source identifies the content, so that an interrupted import can continue
 */
export async function judgeImport(
  ctx: ImportContext,
  source: string,
  lines: AsyncIterable<ImportLine>,
): Promise<ImportVerdict> {
  const committedLine = Number((await readFact(ctx.db, factOf(source))) ?? 0)
  const verdict: ImportVerdict = { lines: 0, bad: [], highestId: 0, committedLine }
  const seen = { email: new Set<string>(), guid: new Set<string>(), id: new Set<number>() }
  for await (const batch of inBatches(lines)) {
    verdict.lines += batch.length
    const read: { number: number; user: ImportedUser }[] = []
    for (const { number, user: foreign } of batch) {
      if (number <= committedLine) continue
      const user = typeof foreign === 'string' ? { errors: foreign } : readUser(ctx, foreign, ctx.now())
      const problem = 'email' in user ? repeatedFields(seen, user) : user.errors
      if (problem !== undefined) verdict.bad.push({ number, problem })
      else if ('email' in user) read.push({ number, user })
    }
    const users = read.map(({ user }) => user)
    const taken = await findTaken(ctx.db, users)
    const fields = (['email', 'guid', 'id'] as const).map(
      (field) => [field, new Set<unknown>(taken.map((row) => row[field]))] as const,
    )
    for (const { number, user } of read) {
      const errors = fields.flatMap(([field, values]) => (values.has(user[field]) ? [[field, [TAKEN]]] : []))
      if (errors.length > 0) verdict.bad.push({ number, problem: Object.fromEntries(errors) })
      else verdict.highestId = Math.max(verdict.highestId, user.id ?? 0)
    }
  }
  verdict.bad.sort((a, b) => a.number - b.number)
  return verdict
}

/** Returns the fields of a user that an earlier line has as well, undefined for none, and remembers the others. */
function repeatedFields(
  seen: { email: Set<string>; guid: Set<string>; id: Set<number> },
  { email, guid, id }: ImportedUser,
): ValidationErrors | undefined {
  const repeated = [
    ...(seen.email.has(email) ? ['email'] : []),
    ...(seen.guid.has(guid) ? ['guid'] : []),
    ...(id !== null && seen.id.has(id) ? ['id'] : []),
  ]
  seen.email.add(email)
  seen.guid.add(guid)
  if (id !== null) seen.id.add(id)
  return repeated.length === 0 ? undefined : Object.fromEntries(repeated.map((field) => [field, [TAKEN]]))
}

/** Something changed between the verdict and the writing. The batches before are committed. */
export class ImportInterrupted extends Error {
  override readonly name = 'ImportInterrupted'
  /** The lines up to this one are imported. */
  readonly committedLine: number
  constructor(reason: string, committedLine: number) {
    super(reason)
    this.committedLine = committedLine
  }
}

/**
 * Writes the lines that a verdict found good, a thousand a transaction; the same import again continues where one was
 * interrupted.
 *
 * @param options.onWritten is told of each batch
 * @returns the number of users that were written
 * @throws {ImportInterrupted}
 */
export async function writeImport(
  ctx: ImportContext,
  source: string,
  lines: AsyncIterable<ImportLine>,
  { verdict, origin, onWritten }: { verdict: ImportVerdict; origin: Origin; onWritten: (users: number) => void },
): Promise<number> {
  if (verdict.highestId > 0) await reserveIds(ctx.db, verdict.highestId)
  const bad = new Set(verdict.bad.map(({ number }) => number))
  let [written, committedLine] = [0, verdict.committedLine]
  for await (const batch of inBatches(lines)) {
    const good = batch.filter(({ number }) => number > verdict.committedLine && !bad.has(number))
    const now = ctx.now()
    const users = good.map(({ number, user: foreign }) => {
      const user = readUser(ctx, typeof foreign === 'string' ? {} : foreign, now)
      if ('email' in user) return user
      throw new ImportInterrupted(`Line ${number} has changed since it was judged`, committedLine)
    })
    if (users.length === 0) continue
    const lastLine = batch.at(-1)?.number ?? 0
    try {
      await ctx.db.transaction(async (tx) => {
        const ids = await insertImportedUsers(tx, users)
        const event = { kind: 'user_imported', session_id: null, ip: origin.ip, user_agent: origin.userAgent } as const
        await insertAuditEvents(
          tx,
          ids.map((id) => ({ ...event, user_id: id, details: {} })),
          now,
        )
        await writeFact(tx, factOf(source), String(lastLine))
      })
    } catch (error) {
      if (error instanceof UniqueViolation)
        throw new ImportInterrupted(
          `A user has got the ${error.column.replace('users.', '')} of a line meanwhile`,
          committedLine,
        )
      throw error
    }
    committedLine = lastLine
    written += users.length
    onWritten(users.length)
  }
  await clearFact(ctx.db, factOf(source))
  return written
}

function factOf(source: string): string {
  return `import ${source}`
}

async function* inBatches<Item>(items: AsyncIterable<Item>): AsyncIterable<Item[]> {
  let batch: Item[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < BATCH_SIZE) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
