import type { Database } from '../../storage/database/database.ts'
import { migrate } from '../../storage/database/migrate.ts'
import { claimMoving } from '../../storage/drivers/sqlite-serving.ts'
import { keepAuditMonths, MONTHS_AHEAD_BY_OWNER } from '../../storage/notice/audit-months.ts'
import { KEPT_FOR_GOOD } from '../../storage/notice/audit-retention.ts'
import { lowerFence, raiseFence } from '../../storage/transfer/fence.ts'
import {
  describeMaintenance,
  type Maintenance,
  readMaintenance,
  writeMaintenance,
} from '../../storage/transfer/maintenance.ts'
import { beginMoveId, readMoveId } from '../../storage/transfer/own-facts.ts'
import { countRows } from '../../storage/transfer/read-pages.ts'
import { findSourceTables, matchTables } from '../../storage/transfer/tables.ts'
import { lockTarget, type TargetLock } from '../../storage/transfer/target-lock.ts'
import { beginReceiving, endReceiving, readTargetState, type TargetState } from '../../storage/transfer/target-state.ts'
import { advanceSequences, analyzeTables, emptyTarget } from '../../storage/transfer/write-rows.ts'
import { type CommandContext, withDatabase } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type AnswerOptions, printOutcome } from '../terminal/output.ts'
import { type ComparedTable, compareRows, copyRows } from './copy-rows.ts'
import { endMaintenance } from './maintenance.ts'
import { untilAborted, withStopSignals } from './stop-signals.ts'
import { openTarget, readAddress, type Target } from './target.ts'
import { untilServersObey } from './until-servers-obey.ts'

export interface MoveOptions extends AnswerOptions {
  dryRun?: boolean
}

interface Move {
  ctx: CommandContext
  target: Target
  lock: TargetLock
  /** The name of the SQLite file. */
  file: string
  stopping: AbortSignal
}

/** `tessera move`: copies everything from a SQLite file to an empty PostgreSQL database, and closes the file for changes. */
export async function moveCommand(address: string, options: MoveOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const { database } = ctx.config.secrets
    if (database.kind !== 'sqlite')
      throw new CommandError('DATABASE_URL is PostgreSQL already: this command moves SQLite files. Nothing was moved.')
    const moving = claimMoving(database.file)
    if (!moving.isAlone) throw new CommandError(`Another move of ${database.file} is running. Nothing was moved.`)
    try {
      const target = await openTarget(ctx.config, await readAddress(address))
      const stopping = new AbortController()
      try {
        await moveInto(ctx, { target, file: database.file, stopping }, options)
      } finally {
        await Promise.race([target.db.close(), untilAborted(stopping.signal)]) // it waits for statements, which may be stuck
      }
    } finally {
      moving.release()
    }
  })
}

async function moveInto(
  ctx: CommandContext,
  { target, file, stopping }: Pick<Move, 'target' | 'file'> & { stopping: AbortController },
  options: MoveOptions,
): Promise<void> {
  const lock = await lockTarget(target.db)
  if (lock === null) throw new CommandError(`Another move into ${target.name} is running. Nothing was moved.`)
  try {
    const move = { ctx, target, lock, file, stopping: stopping.signal }
    const before = await readMaintenance(ctx.db)
    const tables = await findSourceTables(ctx.db)
    const state = await readTargetState(target.db, tables, await readMoveId(ctx.db))
    if (isOver(before, state, target)) return printMoved(move, null, options)
    if (options.dryRun) return await printPlan(move, tables, options)
    const broken = `The move was broken off. If ${file} is still in maintenance, run the same command again, or: tessera maintenance off`
    const compared = await withStopSignals(stopping, broken, () => run(move, before, tables))
    printMoved(move, compared, options)
  } finally {
    await Promise.race([lock.release(), untilAborted(stopping.signal)])
  }
}

/** Whether an earlier run ended this move. @throws {CommandError} if the rows may not be moved there */
function isOver(before: Maintenance | null, state: TargetState, { name }: Target): boolean {
  if (state.is === 'used') throw new CommandError(`${name} is not empty: ${state.because}. Nothing was moved.`)
  // Another address could be that of an earlier attempt: to begin there would open the file beside the database that is served.
  if (before?.state === 'moved' && (state.is === 'empty' || before.other !== name))
    throw new CommandError(`${capital(describeMaintenance(before))}. Nothing was moved.`)
  if (state.is === 'finished' && before?.state === 'moved') return true
  if (state.is === 'finished')
    throw new CommandError(
      `${name} has the rows of an earlier move, and may have been changed since. Nothing was moved.`,
    )
  return false
}

/** Moves all rows. If that fails, the source is as it was before. */
async function run(move: Move, before: Maintenance | null, tables: readonly string[]): Promise<ComparedTable[]> {
  const { ctx, target } = move
  let compared: ComparedTable[]
  try {
    await closeSource(move, before)
    // Nothing of this changes the source. What goes on at the target is never served.
    compared = await Promise.race([fillTarget(move, tables), refuseOnceStopped(move.stopping)])
  } catch (error) {
    const isOpen = await reopenSource(ctx.db, before).then(
      () => true,
      () => false,
    )
    const source = isOpen
      ? `${move.file} is as before`
      : `${move.file} is still in maintenance, which ends with: tessera maintenance off`
    const reason = (error as Error).message.replace(/\.$/, '')
    throw new CommandError(`The move failed: ${reason}. ${source}. The same command begins the move again.`)
  }
  // In this order: whenever this process dies, at most one of the two databases is served.
  await writeMaintenance(ctx.db, { state: 'moved', since: ctx.now(), other: target.name })
  await endReceiving(target.db)
  return compared
}

async function fillTarget(move: Move, tables: readonly string[]): Promise<ComparedTable[]> {
  const { ctx, target, lock } = move
  const onBlocked = (name: string) =>
    process.stderr.write(`tessera: ${name} waits for the locks of other transactions, and will be tried again.\n`)
  await migrate(target.db, ctx.now(), { onBlocked })
  // While the rest of each class is empty: to make a month means to look through it.
  await keepAuditMonths(target.db, { now: ctx.now(), retention: KEPT_FOR_GOOD }, MONTHS_AHEAD_BY_OWNER)
  const compared = await copyAndCompare(move, tables)
  await lock.check()
  return compared
}

async function refuseOnceStopped(stopping: AbortSignal): Promise<never> {
  await untilAborted(stopping)
  throw new CommandError('It was stopped.')
}

/** Lets servers end what they do, then lets nothing change the rows any more. */
async function closeSource({ ctx, target }: Move, before: Maintenance | null): Promise<void> {
  if (before === null) {
    await writeMaintenance(ctx.db, { state: 'on', since: ctx.now(), other: null })
    await untilServersObey(ctx.config)
  }
  await ctx.db.transaction(async (tx) => {
    await raiseFence(tx)
    await beginMoveId(tx)
    await writeMaintenance(tx, { state: 'moving', since: ctx.now(), other: target.name })
  })
}

async function reopenSource(db: Database, before: Maintenance | null): Promise<void> {
  if (before?.state !== 'on') return endMaintenance(db)
  await db.transaction(async (tx) => {
    await lowerFence(tx)
    await writeMaintenance(tx, before)
  })
}

async function copyAndCompare(move: Move, names: readonly string[]): Promise<ComparedTable[]> {
  const { ctx, target, file, stopping } = move
  const [source, moveId] = [ctx.db, (await readMoveId(ctx.db)) ?? '']
  const tables = await matchTables(source, target.db)
  await beginReceiving(target.db, { moveId, source: file, now: ctx.now() })
  await emptyTarget(target.db, names)
  let totalRows = 0
  for (const table of tables) totalRows += await countRows(source, table)
  const work = { source, target: target.db, tables, totalRows, stopping }
  const copied = await copyRows(work)
  await advanceSequences(source, target.db, tables)
  await analyzeTables(target.db, tables)
  return compareRows(copied, work)
}

async function printPlan({ ctx, target, file }: Move, tables: readonly string[], options: MoveOptions): Promise<void> {
  const counts: { table: string; rows: number }[] = []
  for (const name of tables) counts.push({ table: name, rows: await countRows(ctx.db, { name }) })
  const list = counts.map(({ table, rows }) => `  ${table} ${rows}`).join('\n')
  const text = `${file} can be moved to ${target.name}; nothing was changed. It has these rows:\n${list}`
  printOutcome(text, { target: target.name, moved: false, tables: counts }, options)
}

function printMoved({ target, file }: Move, tables: readonly ComparedTable[] | null, options: MoveOptions): void {
  const rows = tables?.reduce((sum, table) => sum + table.rows, 0) ?? 0
  const done =
    tables === null
      ? `${file} was moved to ${target.name} before.`
      : `Moved ${rows} rows of ${tables.length} tables from ${file} to ${target.name}, and compared them.`
  const text = `${done}
Next: set DATABASE_URL to that database, with the secrets as they are, and start the servers: tessera start
${file} stays as it is. No program can change its rows, and a server of it answers 503.
As long as no server has served ${target.name}, you can come back: tessera maintenance off`
  printOutcome(text, { target: target.name, moved: true, rows, tables: tables ?? [] }, options)
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
