import { availableParallelism } from 'node:os'
import bcrypt from 'bcrypt'
import type { Order, Result } from './load.ts'

const PASSWORD = 'correct horse battery'

/** What the machine can do of a login's digest at most: every core compares passwords and does nothing else. */
export async function measureDigests({ seconds }: Pick<Order, 'seconds'>, cost: number): Promise<Result> {
  const digest = await bcrypt.hash(PASSWORD, cost)
  const before = process.cpuUsage()
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  const repeat = async () => {
    while (performance.now() < end) {
      const began = performance.now()
      await bcrypt.compare(PASSWORD, digest)
      const now = performance.now()
      if (now < end) times.push(now - began)
    }
  }
  // As many as the thread pool of Node.js has threads: no core waits for the next one.
  await Promise.all(Array.from({ length: Math.max(4, availableParallelism()) }, repeat))
  const { user, system } = process.cpuUsage(before)
  const p99Milliseconds = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0
  return { perSecond: times.length / seconds, p99Milliseconds, cpuSeconds: (user + system) / 1_000_000 }
}
