import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, ended, mail, refused, rotate, snapshot, token, uneventful, violated } from './small-histories.ts'

// Histories of a user who resets the password of s1.

const reset = call(100_030, { action: 'reset_password', session: null, kind: null, status: 204 })
const lost = { ...reset, outcome: 'unknown', status: null } as const
const again = { ...reset, startedAt: 100_045, endedAt: 100_048, outcome: 'refused', status: 422 } as const
const after = (reason: string) => ({ final: snapshot({ ...ended(reason), tokens: [] }) })
const other = call(100_010, {
  session: 's2',
  presented: { session: 's2', generation: 0, fingerprint: 'U0' },
  received: { session: 's2', generation: 1, fingerprint: 'U1' },
  user: 'ben@example.com',
})
const logIn = call(100_060, { action: 'login', session: 's3', received: token(0, 'V0') })

test('allowed: after a reset, the session and the old password are refused', () => {
  const denied = { ...logIn, session: null, received: null, outcome: 'refused', status: 401 } as const
  assert.deepEqual(violated([...uneventful, reset, refused(100_050, 4), denied], after('password_reset')), [])
})

test('allowed: a reset whose answer was lost is refused when it is repeated', () => {
  assert.deepEqual(violated([...uneventful, lost, again, refused(100_050, 4)], after('password_reset')), [])
})

test('allowed: a second mail with the link is dropped', () => {
  const mails = [{ ...mail('reset_password', {}), sent: false, dropped: true }]
  const final = { final: snapshot({ ...ended('password_reset'), tokens: [], mails }) }
  assert.deepEqual(violated([...uneventful, reset], final), [])
})

test('forbidden: a session works after the reset, also after one whose answer was lost', () => {
  for (const calls of [[reset], [lost, again]])
    assert.ok(
      violated([...uneventful, ...calls, rotate(100_050, 4)], after('password_reset')).includes(
        'an ended session stays ended',
      ),
    )
})

test('forbidden: the old password works after the reset', () => {
  assert.ok(violated([...uneventful, reset, logIn], after('password_reset')).includes('a closed account cannot log in'))
})

test('forbidden: a session is active after the reset, or was ended by one that did not happen', () => {
  const lostChange = 'acknowledged changes are in the database'
  assert.ok(violated([...uneventful, reset, other], { final: snapshot() }).includes(lostChange))
  const ending = call(100_030, { action: 'logout', presented: token(4) })
  assert.ok(violated([...uneventful, ending], after('password_reset')).includes(lostChange))
})
