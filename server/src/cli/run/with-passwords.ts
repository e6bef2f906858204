import type { Context } from '../../auth/context/context.ts'
import { HashPool } from '../../crypto/hashing/hash-pool.ts'
import { createPasswords } from '../../crypto/hashing/passwords.ts'
import { isProductionDatabase } from '../../storage/database/installation.ts'
import type { CommandContext } from './with-database.ts'

/** Runs a command that hashes passwords, with a worker of its own and the settings of the password rules. */
export async function withPasswords<T>(
  ctx: CommandContext,
  run: (ctx: CommandContext & Pick<Context, 'passwords'>) => Promise<T>,
): Promise<T> {
  const pool = new HashPool({ threads: 1, atOnce: 1, niceness: 0, maxWaiting: 1 })
  try {
    await pool.check()
    const passwords = createPasswords(pool, ctx.config.passwordHash)
    const { settings } = ctx
    // The shell of an operator may not say that this is production; the database knows.
    const refuseGuessablePasswords = settings.refuseGuessablePasswords || (await isProductionDatabase(ctx.db))
    return await run({ ...ctx, passwords, settings: { ...settings, refuseGuessablePasswords } })
  } finally {
    await pool.close()
  }
}
