import { findSpentLimits } from '../../auth/limit/spent-limits.ts'
import { requireUser } from '../run/require-user.ts'
import { withLimits } from '../run/with-limits.ts'
import { print, printJson, printMore, printTable } from '../terminal/output.ts'

export interface ListOptions {
  limit: number
  json?: boolean
}

/** Lists the limits that refuse at the moment: all, or those of one user. */
export async function listLimitsCommand(name: string | undefined, options: ListOptions): Promise<void> {
  await withLimits(async (ctx) => {
    const user = name === undefined ? null : await requireUser(ctx, name)
    const limits = await findSpentLimits(ctx, { ...(user && { user }), limit: options.limit })
    if (options.json) return printJson(limits)
    if (limits.length === 0) return print(user ? `No limit refuses ${user.email}.` : 'No limit refuses anything.')
    printTable(
      limits.map(({ counts, ...limit }) => ({ limit: counts, ...limit })),
      ctx.now(),
    )
    printMore(limits, options.limit)
  })
}
