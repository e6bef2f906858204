import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Failure, Tally } from '../load/tally.ts'
import { judge } from './judge.ts'
import { formatResults, isBroken } from './table.ts'

const fault = { start: 1000, end: 2000 }

function failed(sentAt: number, failedAt: number, isOutage = true): Tally {
  const tally = new Tally()
  const failure: Failure = { route: 'nginx', sentAt, failedAt, isOutage, text: `${sentAt} to ${failedAt}` }
  tally.failures.push(failure)
  return tally
}

test('an outage is allowed only while a fault lasts, and only in a scene that allows it', () => {
  for (const [sentAt, failedAt] of [
    [900, 1000],
    [1500, 1600],
    [2000, 2100],
  ] as const) {
    assert.deepEqual(judge('meanwhile', failed(sentAt, failedAt), [fault]), [])
    assert.equal(judge('never', failed(sentAt, failedAt), [fault]).length, 1)
  }
  for (const [sentAt, failedAt] of [
    [800, 999],
    [2001, 2100],
  ] as const)
    assert.equal(judge('meanwhile', failed(sentAt, failedAt), [fault]).length, 1)
})

test('a wrong answer is never allowed, and neither is a loss', () => {
  assert.equal(judge('meanwhile', failed(1500, 1600, false), [fault]).length, 1)
  const tally = new Tally()
  tally.addLoss('nginx', 'the session is gone')
  tally.addLoss(null, 'a session was ended for a reuse')
  assert.equal(judge('meanwhile', tally, [fault]).length, 2)
})

test('of the answers, only those of an outage are outages', () => {
  const tally = new Tally()
  for (const status of [null, 502, 503, 504, 401, 404, 429, 500])
    tally.addFailure('nginx', '/me', 0, status === null ? null : { status, headers: {}, body: {} })
  assert.deepEqual(
    tally.failures.map(({ isOutage }) => isOutage),
    [true, true, true, true, false, false, false, false],
  )
})

test('the table has a row for each route where that was asked for, and names what is broken or skipped', () => {
  const tally = new Tally()
  tally.addRequest('nginx')
  tally.addRequest('HAProxy')
  tally.failures.push(...failed(1200, 1700).failures)
  const scene = { name: 'x', title: 'a restart', mayFail: 'never', isShort: true, isByRoute: true } as const
  const played = {
    scene: { ...scene, play: async () => {} },
    tally,
    faults: [fault],
    stallSeconds: 0,
    isBrokenOff: false,
    problems: ['a 503', 'a 503'],
  }
  const skipped = { title: 'an upgrade', skipped: 'no history' }
  assert.deepEqual(formatResults([played, skipped]).split('\n'), [
    '| what | may fail | requests | failed | within, s | lost | seconds |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    '| a restart, nginx | no | 1 | 1 | 0.5 | 0 | 1.0 |',
    '| a restart, HAProxy | no | 1 | 0 |  | 0 | 1.0 |',
    '| a restart, layer 4 | skipped: not installed |  |  |  |  |  |',
    '| an upgrade | skipped: no history |  |  |  |  |  |',
    'broken: a restart: a 503 (2 times)',
  ])
  assert.deepEqual([isBroken(played), isBroken(skipped)], [true, false])
})
