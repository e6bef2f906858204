import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { HashPool, HashPoolFull } from '../../src/crypto/hashing/hash-pool.ts'

function createPool(maxWaiting: number): HashPool {
  const pool = new HashPool({ threads: 1, atOnce: 1, niceness: 0, maxWaiting })
  after(() => pool.close())
  return pool
}

const job = { kind: 'bcrypt', text: 'text', cost: 4 } as const

test('the pool runs jobs in the order of arrival, even while more arrive', async () => {
  const pool = createPool(100)
  const served: number[] = []
  const arrive = async (n: number) => {
    await pool.run(job)
    served.push(n)
  }
  const first = Array.from({ length: 40 }, (_, n) => arrive(n))
  await first[3]
  const more = Array.from({ length: 40 }, (_, n) => arrive(40 + n))
  await Promise.all([...first, ...more])
  assert.deepEqual(
    served,
    [...served].sort((a, b) => a - b),
  )
})

test('a full pool refuses jobs at once and still finishes those it accepted', async () => {
  const pool = createPool(5)
  await pool.run(job)
  const results = await Promise.allSettled(Array.from({ length: 50 }, () => pool.run(job)))
  const refused = results.filter((result) => result.status === 'rejected')
  assert.ok(refused.length >= 40, `${refused.length} were refused`)
  for (const { reason } of refused) assert.ok(reason instanceof HashPoolFull)
  assert.ok(results.length - refused.length >= 5)
})

test('the threads of the pool have a lower priority than the event loop', {
  skip: process.platform !== 'linux' && 'needs Linux',
}, async () => {
  const pool = new HashPool({ threads: 1, atOnce: 1, niceness: 7, maxWaiting: 1 })
  after(() => pool.close())
  await pool.run(job)
  const readNiceness = (thread: string) =>
    Number(readFileSync(`/proc/self/task/${thread}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[16])
  const main = readNiceness(String(process.pid))
  const others = readdirSync('/proc/self/task').map(readNiceness)
  assert.equal(others.filter((niceness) => niceness === Math.min(19, main + 7)).length, 1)
})
