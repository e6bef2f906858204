import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Job, repeat } from '../../src/app/repeat.ts'

const warnings: string[] = []
const log = { info() {}, warn: (_fields: object, message: string) => warnings.push(message), error() {} }
const start = (job: Job, pauseMilliseconds = 1) => repeat(job, { pauseMilliseconds, failure: 'it failed', log })

/** A job whose rounds end when the test ends them. */
function controlled() {
  const rounds: { end: () => void; signals: Parameters<Job>[0] }[] = []
  const waiting: (() => void)[] = []
  const job: Job = (signals) =>
    new Promise<void>((end) => {
      rounds.push({ end, signals })
      waiting.shift()?.()
    })
  const begun = async (count: number) => {
    while (rounds.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
  }
  return { job, rounds, begun }
}

test('rounds run one after another, also when one is requested', async () => {
  const { job, rounds, begun } = controlled()
  const repeated = start(job)
  await begun(1)
  const asked = repeated.runNow()
  for (let turn = 0; turn < 20; turn++) await nextTurn()
  assert.equal(rounds.length, 1, 'the requested round waits')
  for (let round = 1; round <= 4; round++) {
    await begun(round)
    rounds[round - 1]?.end()
  }
  await asked
  await begun(5)
  rounds[4]?.end()
  await repeated.stop()
})

test('a round that fails is logged, and the next one runs', async () => {
  let rounds = 0
  const repeated = start(async () => {
    if (++rounds === 1) throw new Error('for once')
  })
  await repeated.runNow()
  await repeated.runNow()
  assert.ok(rounds >= 2)
  assert.deepEqual(warnings, ['it failed'])
  await repeated.stop()
})

test('a stop signals the current round, waits for it, and no round begins after it', async () => {
  const { job, rounds, begun } = controlled()
  const repeated = start(job)
  await begun(1)
  let stopped = false
  const stopping = repeated.stop().then(() => {
    stopped = true
  })
  for (let turn = 0; turn < 20; turn++) await nextTurn()
  assert.equal(stopped, false)
  assert.deepEqual([rounds[0]?.signals.stopping.aborted, rounds[0]?.signals.abandon.aborted], [true, false])
  rounds[0]?.end()
  await stopping
  await repeated.runNow()
  assert.equal(rounds.length, 1)
})

test('a round that hangs is told to abandon its work after three seconds and is no longer awaited after one more', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let signals: Parameters<Job>[0] | null = null
  const repeated = start((given) => {
    signals = given
    return new Promise(() => {})
  }, 10)
  context.mock.timers.tick(10)
  await nextTurn()
  let stopped = false
  void repeated.stop().then(() => {
    stopped = true
  })
  const { abandon } = signals as unknown as Parameters<Job>[0]
  const passes = async (milliseconds: number) => {
    context.mock.timers.tick(milliseconds)
    for (let turn = 0; turn < 5; turn++) await nextTurn()
    return [abandon.aborted, stopped]
  }
  assert.deepEqual(await passes(2999), [false, false])
  assert.deepEqual(await passes(1), [true, false])
  assert.deepEqual(await passes(1000), [true, true])
})
