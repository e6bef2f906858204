import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { HashPool, HashPoolFull } from '../../src/crypto/hash-pool.ts'

function lane(maxWaiting: number): HashPool {
  const made = new HashPool({ threads: 1, atOnce: 1, niceness: 0, maxWaiting })
  after(() => made.close())
  return made
}

const job = { kind: 'bcrypt', text: 'text', cost: 4 } as const

test('a pool serves in the order of arrival, also while more arrive', async () => {
  const own = lane(100)
  const served: number[] = []
  const arrive = async (n: number) => {
    await own.run(job)
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

test('over its bound a pool refuses at once, and what it took is still done', async () => {
  const own = lane(5)
  await own.run(job)
  const results = await Promise.allSettled(Array.from({ length: 50 }, () => own.run(job)))
  const refused = results.filter((result) => result.status === 'rejected')
  assert.ok(refused.length >= 40, `${refused.length} were refused`)
  for (const { reason } of refused) assert.ok(reason instanceof HashPoolFull)
  assert.ok(results.length - refused.length >= 5)
})

test('its threads stand behind the event loop', { skip: process.platform !== 'linux' && 'of Linux' }, async () => {
  const own = new HashPool({ threads: 1, atOnce: 1, niceness: 7, maxWaiting: 1 })
  after(() => own.close())
  await own.run(job)
  const nicenessOf = (thread: string) =>
    Number(readFileSync(`/proc/self/task/${thread}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[16])
  const main = nicenessOf(String(process.pid))
  const others = readdirSync('/proc/self/task').map(nicenessOf)
  assert.equal(others.filter((niceness) => niceness === Math.min(19, main + 7)).length, 1)
})
