import { openLimitWindows } from '../../app/open-limits.ts'
import type { LimitWindows } from '../../storage/limits/limit-store.ts'
import { type CommandContext, withDatabase } from './with-database.ts'

/** The context of a command that reads and lifts limits. */
type LimitsContext = CommandContext & { windows: LimitWindows }

/** Runs a command with the limits that the servers share. */
export async function withLimits<T>(run: (ctx: LimitsContext) => Promise<T>): Promise<T> {
  return withDatabase({ mayCreate: false }, (ctx) => withLimitsOf(ctx, run))
}

/** Adds the limits to the context of a command. */
export async function withLimitsOf<T>(ctx: CommandContext, run: (ctx: LimitsContext) => Promise<T>): Promise<T> {
  const windows = await openLimitWindows(ctx.config, ctx.db, ctx.log)
  try {
    return await run({ ...ctx, windows })
  } finally {
    windows.close()
  }
}
