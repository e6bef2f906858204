import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call } from '../history.ts'
import type { Evidence, Snapshot } from './evidence.ts'
import {
  ANN,
  call,
  delivered,
  ended,
  last,
  logIn,
  logInAgain,
  otherUser,
  refused,
  reuseMail,
  rotate,
  signUp,
  snapshot,
  token,
  unanswered,
  uneventful,
  uneventfulInCookie,
  violated,
  WINDOW,
} from './small-histories.ts'

test('a history without faults violates nothing', () => {
  assert.deepEqual(violated(uneventful), [])
})

const endedByReuse = { final: snapshot({ ...ended('reuse'), mails: [reuseMail] }), deliveries: delivered(1) }

const withSecondSession = (revoke_reason: string | null, tokens: Snapshot['tokens']) =>
  snapshot({
    sessions: ['s1', 's2'].map((id) => ({
      id,
      email: ANN,
      kind: 'login',
      revoke_reason: id === 's1' ? revoke_reason : null,
    })),
    tokens: [...tokens, { session_id: 's2', generation: 0, used: false }],
  })

/** Documented behaviour: a history of each case, and what the database then contains. */
const ALLOWED: Record<string, [calls: Call[], fields?: Partial<Evidence>]> = {
  'a lost answer is repeated with its key, however late': [
    [...uneventful.slice(0, 4), unanswered(300, 2, { key: 'k' }), rotate(90_000, 2, { key: 'k' }), last],
  ],
  'a lost answer is repeated within the window': [
    [...uneventful.slice(0, 4), unanswered(300, 2), rotate(300 + WINDOW - 100, 2), last],
  ],
  'a lost answer without a key, repeated after the window, ends the session': [
    [...uneventful.slice(0, 4), unanswered(300, 2), refused(310 + WINDOW, 2), otherUser],
    endedByReuse,
  ],
  'a constant key is honoured for the first token that it uses up, however late': [
    [
      ...uneventful.slice(0, 3),
      unanswered(200, 1, { key: 'constant' }),
      rotate(90_000, 1, { key: 'constant' }),
      rotate(90_020, 2, { key: 'constant' }),
      last,
    ],
  ],
  'a constant key whose answer was lost is repeated within the window': [
    [
      ...uneventful.slice(0, 3),
      rotate(200, 1, { key: 'constant' }),
      unanswered(300, 2, { key: 'constant' }),
      rotate(300 + WINDOW - 100, 2, { key: 'constant' }),
      last,
    ],
  ],
  'a constant key whose answer was lost, repeated after the window, ends the session': [
    [
      ...uneventful.slice(0, 3),
      rotate(200, 1, { key: 'constant' }),
      unanswered(300, 2, { key: 'constant' }),
      refused(310 + WINDOW, 2, { key: 'constant' }),
      otherUser,
    ],
    endedByReuse,
  ],
  'a thief who knows a constant key ends the session': [
    [
      ...uneventful.slice(0, 3),
      rotate(200, 1, { key: 'constant' }),
      rotate(300, 2, { key: 'constant' }),
      refused(90_000, 2, { actor: 'ann thief', key: 'constant' }),
      refused(90_020, 3, { key: 'constant' }),
      otherUser,
    ],
    endedByReuse,
  ],
  'a key is honoured again after another one': [
    [
      ...uneventful.slice(0, 2),
      rotate(100, 0, { kind: 'cookie', key: 'k' }),
      rotate(200, 1, { kind: 'cookie', key: 'other' }),
      unanswered(300, 2, { kind: 'cookie', key: 'k' }),
      rotate(90_000, 2, { kind: 'cookie', key: 'k' }),
      last,
    ],
  ],
  'a thief of a cookie and its key is refused once its successor was used': [
    [
      ...uneventful.slice(0, 4),
      rotate(300, 2, { kind: 'cookie', key: 'k' }),
      rotate(90_000, 3, { kind: 'cookie' }),
      refused(100_000, 2, { kind: 'cookie', key: 'k' }),
      otherUser,
    ],
    endedByReuse,
  ],
  'a request that its client gave up arrives late, and is taken for reuse': [
    [
      ...uneventful,
      unanswered(96_000, 4, { key: 'k', endedAt: 100_000 }),
      rotate(100_030, 4, { key: 'k' }),
      rotate(100_050, 5),
      refused(100_070, 6),
    ],
    {
      final: snapshot({
        ...ended('reuse'),
        mails: [reuseMail],
        tokens: [{ session_id: 's1', generation: 6, used: false }],
      }),
      deliveries: delivered(1),
    },
  ],
  'the first token of an adaptive session stays valid until its successor is used': [
    [signUp, logIn, rotate(100, 0), rotate(50_000, 0), rotate(100_010, 0)],
    {
      final: snapshot({
        tokens: [
          { session_id: 's1', generation: 0, used: false },
          { session_id: 's1', generation: 1, used: false },
        ],
      }),
    },
  ],
  'a session is deleted after its reuse and before the next snapshot': [
    [...uneventful, refused(100_030, 1)],
    {
      snapshots: [snapshot()],
      final: snapshot({ sessions: [], tokens: [], mails: [reuseMail] }),
      deliveries: delivered(1),
    },
  ],
  'a cookie is answered with itself': [
    [...uneventful, call(100_030, { kind: 'cookie', presented: token(4), received: token(4) })],
  ],
  'a copy is refused in another way, and its owner continues': [
    [
      ...uneventful.slice(0, 5),
      refused(400, 3, { sentAs: 'cookie' }),
      refused(90_000, 2, { sentAs: 'cookie' }),
      refused(90_020, 1, { sentAs: 'pair' }),
      last,
    ],
  ],
  'a thief is refused, and then the owner': [
    [...uneventful, refused(100_030, 1, { actor: 'ann thief' }), refused(100_050, 4)],
    { ...endedByReuse, deliveries: delivered(2) },
  ],
  'a session has ended after its logout': [
    [...uneventful, call(100_030, { action: 'logout', presented: token(4) }), refused(100_050, 4)],
    { final: snapshot({ ...ended('logout'), tokens: [] }) },
  ],
  'a login that replaces a cookie ends its session, also for a thief': [
    [
      ...uneventfulInCookie,
      logInAgain(100_030),
      refused(100_050, 4, { kind: 'cookie', actor: 'ann thief' }),
      refused(100_050, 2, { kind: 'cookie', actor: 'ann thief' }),
    ],
    { final: withSecondSession('displaced', []) },
  ],
  'a login without an answer may have replaced a cookie': [
    [
      ...uneventfulInCookie,
      logInAgain(100_030, { session: null, received: null, outcome: 'unknown', status: null }),
      refused(100_050, 4, { kind: 'cookie' }),
    ],
    { final: snapshot({ ...ended('displaced'), tokens: [] }) },
  ],
  'a login in a body replaces no cookie': [
    [...uneventfulInCookie, logInAgain(100_030, { kind: 'login' }), rotate(100_050, 4, { kind: 'cookie' })],
    { final: withSecondSession(null, [{ session_id: 's1', generation: 5, used: false }]) },
  ],
  'an access token ends up to a second before its session': [
    [...uneventful, call(119_500, { action: 'me', outcome: 'refused', status: 401 })],
  ],
  'a session has ended at its maximum age': [
    [signUp, logIn, ...uneventful.slice(2), refused(120_100, 4)],
    { final: snapshot({ sessions: [], tokens: [] }), readAt: 121_000 },
  ],
}

for (const [name, [calls, fields]] of Object.entries(ALLOWED))
  test(`allowed: ${name}`, () => assert.deepEqual(violated(calls, fields), []))
