import sql from 'sql-template-tag'
import type { Database } from '../database/database.ts'

/** A lock on a target, as long as its transaction is open. */
export interface TargetLock {
  /** Throws if the connection that holds it was lost. */
  check(): Promise<void>
  release(): Promise<void>
}

/**
 * Locks a PostgreSQL database against other moves into it. The lock ends with the process, however that dies.
 *
 * @returns null if another move has it
 */
export async function lockTarget(target: Database): Promise<TargetLock | null> {
  const { promise: released, resolve: end } = Promise.withResolvers<void>()
  return new Promise((resolve, reject) => {
    const holding = target.transaction(async (tx) => {
      await tx.script('set local idle_in_transaction_session_timeout = 0')
      // An arbitrary number identifies this lock.
      const rows = await tx.query<{ taken: boolean }>(sql`select pg_try_advisory_xact_lock(7375696384) as taken`)
      if (rows[0]?.taken !== true) return resolve(null)
      const check = async () => void (await tx.query(sql`select 1 as held`))
      const release = async () => {
        end()
        await holding.catch(() => {}) // it wrote nothing
      }
      resolve({ check, release })
      await released
    })
    holding.catch(reject)
  })
}
