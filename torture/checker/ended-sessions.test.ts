import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call } from '../history.ts'
import type { Evidence } from './evidence.ts'
import { ANN, call, ended, refused, rotate, signUp, snapshot, token, uneventful, violated } from './small-histories.ts'

// Histories of users who end their other sessions: s2 ends s1.

const S2 = { session: 's2', generation: 0, fingerprint: 'U0' }
const logInElsewhere = call(50, { action: 'login', session: 's2', received: S2 })
const goOn = call(100_090, { session: 's2', presented: S2, received: { ...S2, generation: 1, fingerprint: 'U1' } })
const both = [signUp, ...uneventful.slice(1, 2), logInElsewhere, ...uneventful.slice(2)]
const endOne = call(100_030, { action: 'end_session', session: 's1', kind: null, status: 204 })
const endOthers = call(100_030, { action: 'end_others', session: 's2', kind: null })
const endAll = { ...endOthers, action: 'end_all' } as const
const me = (at: number, session: string, fields: Partial<Call> = {}) => call(at, { action: 'me', session, ...fields })
const denied = { outcome: 'refused', status: 401 } as const
const unanswered = { outcome: 'unknown', status: null } as const

/** The database after the end of s1, or of both. */
const after = (reason: string | null, ofSecond: string | null = null) =>
  snapshot({
    sessions: [
      { id: 's1', email: ANN, kind: 'login', revoke_reason: reason },
      { id: 's2', email: ANN, kind: 'login', revoke_reason: ofSecond },
    ],
    tokens: [
      ...(reason === null ? [{ session_id: 's1', generation: 4, used: false }] : []),
      ...(ofSecond === null ? [{ session_id: 's2', generation: 1, used: false }] : []),
    ],
  })

const ALLOWED: Record<string, [calls: Call[], fields: Partial<Evidence>]> = {
  'a session that was ended is refused, and the other one continues': [
    [...both, endOne, refused(100_050, 4), me(100_070, 's1', denied), goOn],
    { final: after('ended') },
  ],
  'an end whose answer was lost finds nothing to end when it is repeated': [
    [
      ...both,
      { ...endOne, ...unanswered },
      { ...endOne, startedAt: 100_045, endedAt: 100_048, ...denied, status: 404 },
      goOn,
    ],
    { final: after('ended') },
  ],
  'all others are ended, and the session that ended them continues': [
    [...both, endOthers, refused(100_050, 4), goOn],
    { final: after('ended') },
  ],
  'all sessions end, also when the answer was lost': [
    [...both, goOn, { ...endAll, ...unanswered, startedAt: 100_092 }, me(100_095, 's2', denied), refused(100_096, 4)],
    { final: after('ended', 'ended'), healedAt: 100_000 },
  ],
  'a session that begins after the end of all others goes on': [
    [signUp, { ...endOthers, startedAt: 15, endedAt: 18 }, ...both.slice(1), goOn],
    { final: after(null) },
  ],
  'an end is refused on behalf of a session that has ended': [
    [...both, { ...endAll, startedAt: 100_025, endedAt: 100_028 }, { ...endOne, session: 's2', ...denied }],
    { final: after('ended', 'ended') },
  ],
}

const FORBIDDEN: Record<string, [invariant: string, calls: Call[], fields: Partial<Evidence>]> = {
  'a refresh succeeds after its session was ended': [
    'an ended session stays ended',
    [...both, endOne, rotate(100_050, 4), goOn],
    { final: after('ended') },
  ],
  'an access token works after all other sessions were ended': [
    'an ended session stays ended',
    [...both, endOthers, me(100_050, 's1'), goOn],
    { final: after('ended') },
  ],
  'a session can be ended twice': [
    'an ended session stays ended',
    [...both, endOne, { ...endOne, startedAt: 100_050, endedAt: 100_055 }, goOn],
    { final: after('ended') },
  ],
  'a session works on after an end found that it had ended': [
    'an ended session stays ended',
    [
      ...both,
      { ...endOne, ...unanswered },
      { ...endOne, startedAt: 100_045, endedAt: 100_048, ...denied, status: 404 },
      rotate(100_050, 4),
      goOn,
    ],
    { final: after('ended') },
  ],
  'the session that ends all others ends with them': [
    'a session ends for a reason',
    [...both, endOthers, call(100_090, { session: 's2', presented: S2, ...denied })],
    { final: after('ended', 'ended') },
  ],
  'the end of one session ends another': [
    'a session ends for a reason',
    [...both, endOne, call(100_050, { session: 's2', presented: S2, ...denied })],
    { final: after('ended') },
  ],
  'an end is refused though its session is active': [
    'a session ends for a reason',
    [...both, { ...endOne, ...denied, status: 404 }, goOn],
    { final: after(null) },
  ],
  'a session is active in the database though it was ended': [
    'acknowledged changes are in the database',
    [...both, endOthers, goOn],
    { final: after(null) },
  ],
  'a session was ended by its user, who never asked for it': [
    'acknowledged changes are in the database',
    [...uneventful, call(100_030, { action: 'logout', presented: token(4) })],
    { final: snapshot({ ...ended('ended'), tokens: [] }) },
  ],
  'an end is answered in an undocumented way': [
    'an answer is one of the documented ones',
    [...both, { ...endOne, status: 200 }, goOn],
    { final: after('ended') },
  ],
}

for (const [name, [calls, fields]] of Object.entries(ALLOWED))
  test(`allowed: ${name}`, () => assert.deepEqual(violated(calls, fields), []))

for (const [name, [invariant, calls, fields]] of Object.entries(FORBIDDEN))
  test(`forbidden: ${name}`, () => assert.ok(violated(calls, fields).includes(invariant)))
