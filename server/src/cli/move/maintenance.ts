import type { Database } from '../../storage/database/database.ts'
import { readSchemaState } from '../../storage/database/schema-state.ts'
import { claimMoving } from '../../storage/drivers/sqlite-serving.ts'
import { lowerFence } from '../../storage/transfer/fence.ts'
import {
  clearMaintenance,
  describeMaintenance,
  type Maintenance,
  readMaintenanceIfAny,
  writeMaintenance,
} from '../../storage/transfer/maintenance.ts'
import { type CommandContext, withDatabase } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type AnswerOptions, printOutcome } from '../terminal/output.ts'
import { confirm } from '../terminal/read-password.ts'
import { untilServersObey } from './until-servers-obey.ts'

export interface MaintenanceOptions extends AnswerOptions {
  yes?: boolean
}

/** `tessera maintenance`: turns maintenance on or off, or says which it is. */
export async function maintenanceCommand(wanted: 'on' | 'off' | undefined, options: MaintenanceOptions): Promise<void> {
  // A database that was moved cannot be migrated before this command takes it back.
  await withDatabase({ mayCreate: false, schema: 'any' }, async (ctx) => {
    const current = await readMaintenanceIfAny(ctx.db)
    if (wanted === undefined) return say(current, null, options)
    const changed = wanted === 'on' ? await turnOn(ctx, current) : await turnOff(ctx, current, options)
    say(await readMaintenanceIfAny(ctx.db), changed, options)
  })
}

/** Returns once every server has obeyed. */
async function turnOn(ctx: CommandContext, current: Maintenance | null): Promise<boolean> {
  if (current !== null && current.state !== 'on') throw new CommandError(sentence(current))
  if (current !== null) return false
  if ((await readSchemaState(ctx.db)).isEmpty)
    throw new CommandError('The database has no tables yet; make them with: tessera migrate')
  await writeMaintenance(ctx.db, { state: 'on', since: ctx.now(), other: null })
  await untilServersObey(ctx.config)
  return true
}

async function turnOff(
  { config, db }: CommandContext,
  current: Maintenance | null,
  { yes = false }: MaintenanceOptions,
): Promise<boolean> {
  if (current === null) return false
  if (current.state === 'receiving') throw new CommandError(sentence(current))
  if (current.state === 'moved') {
    const question = `Serve this database again, without anything that was changed in ${current.other} since?`
    if (!yes && !(await confirm(question))) throw new CommandError('Nothing was changed.')
  }
  const { database } = config.secrets
  const moving = database.kind === 'sqlite' ? claimMoving(database.file) : null
  if (moving?.isAlone === false) throw new CommandError('A move is running; stop it with Ctrl-C first.')
  try {
    await endMaintenance(db)
  } finally {
    moving?.release()
  }
  return true
}

/** Ends any maintenance: servers answer again within a second. */
export async function endMaintenance(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    if (tx.dialect === 'sqlite') await lowerFence(tx)
    await clearMaintenance(tx)
  })
}

function say(maintenance: Maintenance | null, changed: boolean | null, options: AnswerOptions): void {
  const { state, since, other } = maintenance ?? { state: 'off', since: null, other: null }
  const text = maintenance === null ? 'Maintenance is off: servers answer requests.' : sentence(maintenance)
  printOutcome(text, { state, since, other, ...(changed !== null && { changed }) }, options)
}

function sentence(maintenance: Maintenance): string {
  const text = describeMaintenance(maintenance)
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
