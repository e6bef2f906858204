import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { findCollector, RestAfterWork } from '../../src/cli/give-back-memory.ts'

test('memory is given back once after each time of work, once a minute at most, and not while work may go on', () => {
  const rest = new RestAfterWork()
  const begins = (...utilizations: number[]) => utilizations.map((utilization) => rest.begins(utilization))
  assert.deepEqual(begins(0, 0, 0, 0), [false, true, false, false], 'after the start, once')
  assert.deepEqual(begins(0.5, 0.01, 0.01), [false, false, false], 'not again so soon')
  assert.ok(!begins(...Array.from({ length: 60 }, () => 0.5)).includes(true))
  assert.deepEqual(begins(0.01, 0.5, 0.01), [false, false, false], 'a pause is no rest')
  assert.deepEqual(begins(0.01, 0.01, 0.001), [true, false, false], 'probes keep no server from its rest')
})

test('the collector takes what nothing refers to, and leaves no flag behind', async () => {
  const garbage = new WeakRef({})
  await nextTurn()
  findCollector()()
  assert.equal(garbage.deref(), undefined)
  assert.equal('gc' in globalThis, false)
})
