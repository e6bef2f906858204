import { type Forgiven, forgiveLimits } from '../../auth/limit/forgive-limits.ts'
import { requireUser } from '../run/require-user.ts'
import { type CommandContext, COMMAND_LINE as origin } from '../run/with-database.ts'
import { withLimits } from '../run/with-limits.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type AnswerOptions, printOutcome } from '../terminal/output.ts'

export interface ForgiveOptions extends AnswerOptions {
  network?: string
  all?: boolean
}

/** Lifts the limits of one user, of one network, or all. */
export async function forgiveLimitsCommand(name: string | undefined, options: ForgiveOptions): Promise<void> {
  if ([name, options.network, options.all].filter((named) => named !== undefined).length !== 1)
    throw new CommandError('Pass a user, --network for a network, or --all for every limit.')
  await withLimits(async (ctx) => {
    const count = await forgiveLimits(ctx, await selectLimits(ctx, name, options), origin)
    printOutcome(count === 1 ? 'Lifted 1 limit.' : `Lifted ${count} limits.`, { lifted: count }, options)
  })
}

async function selectLimits(
  ctx: CommandContext,
  name: string | undefined,
  { network }: ForgiveOptions,
): Promise<Forgiven> {
  if (name !== undefined) return { user: await requireUser(ctx, name) }
  return network === undefined ? 'all' : { network }
}
