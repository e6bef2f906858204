import { migrate } from '../storage/database/migrate.ts'
import { describeMigrations, readSchemaState, refuseNewerSchema } from '../storage/database/schema-state.ts'
import { keepAuditMonths, MONTHS_AHEAD_BY_OWNER } from '../storage/notice/audit-months.ts'
import { KEPT_FOR_GOOD } from '../storage/notice/audit-retention.ts'
import { type CommandContext, withDatabase } from './run/with-database.ts'
import { type AnswerOptions, print, printOutcome } from './terminal/output.ts'

const UP_TO_DATE = 'The database is up to date.'

/**
 * `tessera migrate`: applies pending migrations, also while servers are running, and makes the months of the audit. With `--check` it changes nothing, and
 * exits with 1 if there is something to do.
 */
export async function migrateCommand({ check, ...answer }: AnswerOptions & { check?: boolean }): Promise<void> {
  await withDatabase({ mayCreate: check !== true, schema: 'any' }, (ctx) =>
    check ? checkMigrations(ctx, answer) : applyMigrations(ctx, answer),
  )
}

async function applyMigrations({ db, now }: CommandContext, answer: AnswerOptions): Promise<void> {
  const state = await readSchemaState(db)
  await refuseNewerSchema(db, state)
  if (!answer.json) printUnknown(state)
  const onBlocked = (name: string) =>
    process.stderr.write(`tessera: ${name} waits for the locks of other transactions, and will be tried again.\n`)
  const applied = await migrate(db, now(), { onBlocked })
  const months = await keepAuditMonths(db, { now: now(), retention: KEPT_FOR_GOOD }, MONTHS_AHEAD_BY_OWNER)
  if (months.undone !== null) process.stderr.write(`tessera: ${months.undone}.\n`)
  const sentence = applied.length > 0 ? `Applied ${applied.join(', ')}.` : UP_TO_DATE
  printOutcome(sentence, { applied }, answer)
}

async function checkMigrations({ db }: CommandContext, answer: AnswerOptions): Promise<void> {
  const state = await readSchemaState(db)
  await refuseNewerSchema(db, state)
  if (!answer.json) printUnknown(state)
  const { pending, unknown } = state
  const behind = `The database is behind by ${describeMigrations(pending)}; run: tessera migrate`
  printOutcome(pending.length === 0 ? UP_TO_DATE : behind, { pending, unknown }, answer)
  if (pending.length > 0) process.exitCode = 1
}

function printUnknown({ unknown }: { unknown: readonly string[] }): void {
  if (unknown.length > 0) print(`A newer version has applied ${unknown.join(', ')}, which this one does not know.`)
}
