import type { Context } from '../auth/context.ts'
import { HashLane } from '../crypto/hash-lane.ts'
import { createPasswords } from '../crypto/passwords.ts'
import { settingsOf } from '../settings-of.ts'
import type { CommandContext } from './with-database.ts'

/** For commands that make a digest: a worker of its own, and the rules for passwords. */
export async function withPasswords<T>(
  ctx: CommandContext,
  run: (ctx: CommandContext & Pick<Context, 'passwords' | 'settings'>) => Promise<T>,
): Promise<T> {
  const lane = new HashLane({ threads: 1, atOnce: 1, niceness: 0, mostWaiting: 1 })
  try {
    const passwords = createPasswords(lane, ctx.config.passwordHash)
    return await run({ ...ctx, passwords, settings: settingsOf(ctx.config) })
  } finally {
    await lane.close()
  }
}
