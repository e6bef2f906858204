import { setTimeout as sleep } from 'node:timers/promises'
import type { PostgresCluster } from '../../harness/postgres-cluster.ts'
import { startTcpProxy, type TcpProxy } from '../../harness/tcp-proxy.ts'

/** A primary and the standby that streams from it through a proxy. */
export interface Replication {
  primary: PostgresCluster
  standby: PostgresCluster
  link: TcpProxy
}

export interface Failover {
  /** How long the standby stops receiving before the primary is killed; null while it receives everything. */
  secondsBehind: number | null
  /** Whether the standby is stopped before the primary is killed, and started again after that. */
  standbyIsAway: boolean
}

export async function replicate(primary: PostgresCluster, asynchronous: boolean): Promise<Replication> {
  const link = await startTcpProxy({ port: primary.port })
  return { primary, link, standby: await primary.standby({ asynchronous, through: link.port }) }
}

/**
 * Kills the primary, promotes its standby and points the database proxy to it. Returns the seconds from the kill until a
 * refresh succeeded on the new primary.
 */
export async function failOver(
  { primary, standby, link }: Replication,
  database: TcpProxy,
  { secondsBehind, standbyIsAway }: Failover,
  lastRefreshAt: () => number,
): Promise<number> {
  if (secondsBehind !== null) {
    link.mode = 'stall'
    await sleep(secondsBehind * 1000)
  }
  if (standbyIsAway) {
    await standby.stop('fast')
    await sleep(1500)
  }
  const killedAt = performance.now()
  await primary.kill()
  link.cut()
  if (standbyIsAway) await standby.start()
  await sleep(Math.random() * 2000)
  await standby.promote()
  database.target = { port: standby.port }
  database.cut()
  const switchedAt = performance.now()
  while (lastRefreshAt() < switchedAt) await sleep(5)
  await primary.remove()
  return (lastRefreshAt() - killedAt) / 1000
}
