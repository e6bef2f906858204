import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { RateLimited } from '../src/auth/limits.ts'
import { HashLane, LaneFull } from '../src/crypto/hash-lane.ts'
import { createPasswords } from '../src/crypto/passwords.ts'
import { admit, turnAwayIfBusy } from '../src/http/admission.ts'

const PLACES = 3
const limit = { countedBy: 'shared', budgets: () => [], givenBackOnSuccess: true } as const

function door() {
  const lane = new HashLane({ threads: 1, atOnce: 1, niceness: 0, mostWaiting: PLACES })
  after(() => lane.close())
  const asked: string[] = []
  const limiter = {
    take: async () => void asked.push('take'),
    giveBack: async () => void asked.push('give back'),
  }
  return { passwords: createPasswords(lane, { algorithm: 'bcrypt', cost: 4 }), limiter, asked }
}

test('who finds no place is refused before the limits or anything else are asked', async () => {
  const ctx = door()
  let begun = 0
  const entering = Array.from({ length: 50 }, () =>
    admit(ctx, limit, [], async () => {
      begun++
      return ctx.passwords.matches('password', null)
    }),
  )
  const outcomes = await Promise.allSettled(entering)
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  assert.equal(refused.length, 50 - PLACES)
  for (const { reason } of refused) assert.ok(reason instanceof LaneFull)
  assert.equal(begun, PLACES)
  assert.equal(ctx.asked.filter((what) => what === 'take').length, PLACES)
})

test('a place is kept until the work is done, and given back however it ends', async () => {
  const ctx = door()
  for (const failure of [new RateLimited(1), new LaneFull(), new Error('a bug')])
    for (let time = 0; time < 2 * PLACES; time++)
      await assert.rejects(
        admit(ctx, limit, [], async () => {
          throw failure
        }),
        failure,
      )
  const ends: (() => void)[] = []
  const working = Array.from({ length: PLACES }, () =>
    admit(ctx, limit, [], () => new Promise<void>((resolve) => ends.push(resolve))),
  )
  await assert.rejects(turnAwayIfBusy(ctx), LaneFull)
  while (ends.length < PLACES) await new Promise(setImmediate)
  ends[0]?.()
  await working[0]
  await turnAwayIfBusy(ctx)
  for (const end of ends) end()
  await Promise.all(working)
})
