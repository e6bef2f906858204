import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { HashLane, LaneFull } from '../src/crypto/hash-lane.ts'

function lane(mostWaiting: number): HashLane {
  const made = new HashLane({ threads: 1, mostWaiting })
  after(() => made.close())
  return made
}

const job = { kind: 'bcrypt', text: 'text', cost: 4 } as const

test('a lane serves in the order of arrival, also while more arrive', async () => {
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

test('over its bound a lane refuses at once, and what it took is still done', async () => {
  const own = lane(5)
  await own.run(job)
  const results = await Promise.allSettled(Array.from({ length: 50 }, () => own.run(job)))
  const refused = results.filter((result) => result.status === 'rejected')
  assert.ok(refused.length >= 40, `${refused.length} were refused`)
  for (const { reason } of refused) assert.ok(reason instanceof LaneFull)
  assert.ok(results.length - refused.length >= 5)
})
