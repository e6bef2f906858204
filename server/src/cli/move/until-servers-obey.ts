import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config/reading/config.ts'
import { claimServing } from '../../storage/drivers/sqlite-serving.ts'

/** Servers read every 900 ms whether maintenance is on, and a statement that began before ends within 1,200 ms. */
const OBEY_MILLISECONDS = 2500

/**
 * Waits until every server has read that maintenance is on, and has ended the requests that it had, but for those whose
 * passwords wait to be hashed.
 */
export async function untilServersObey({ secrets: { database } }: Pick<Config, 'secrets'>): Promise<void> {
  if (database.kind === 'sqlite' && !mayBeServed(database.file)) return
  await sleep(OBEY_MILLISECONDS)
}

function mayBeServed(file: string): boolean {
  try {
    const serving = claimServing(file)
    serving.release()
    return !serving.isAlone
  } catch {
    return true // another user's server may hold the lock
  }
}
