import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call } from '../history.ts'
import { INVARIANTS } from './check.ts'
import type { Evidence } from './evidence.ts'
import {
  call,
  delivered,
  ended,
  logInAgain,
  networkMail,
  refused,
  reuseMail,
  rotate,
  signUp,
  snapshot,
  token,
  unanswered,
  uneventful,
  uneventfulInCookie,
  unknownUser,
  violated,
  WINDOW,
} from './small-histories.ts'

type InvariantName = (typeof INVARIANTS)[number]['name']
type Forbidden = Record<string, [calls: Call[], fields?: Partial<Evidence>]>

const unused = (generation: number) => ({ session_id: 's1', generation, used: false })
const used = (generation: number) => ({ session_id: 's1', generation, used: true })
const reused = (mails: Partial<ReturnType<typeof snapshot>> = {}) => snapshot({ ...ended('reuse'), ...mails })

/** Events that must never happen: the invariant that they violate, and a history of each. */
const FORBIDDEN: Record<InvariantName, Forbidden> = {
  'a token has one successor': {
    'two answers to one token differ': [[...uneventful, rotate(100_030, 3, { received: token(4, 'other') })]],
  },
  'a successor is of the next generation': {
    'a generation is skipped': [
      [...uneventful, call(100_030, { presented: token(4), received: token(6) })],
      { final: snapshot({ tokens: [unused(6)] }) },
    ],
    'a login token is answered with itself': [
      [...uneventful, call(100_030, { presented: token(4), received: token(4) })],
    ],
    'a token of another session is returned': [
      [...uneventful, rotate(100_030, 4, { received: { session: 's2', generation: 5, fingerprint: 'x' } })],
    ],
  },
  'a session ends for a reason': {
    'a crash costs a client with a key its session': [
      [...uneventful, unanswered(100_030, 4, { key: 'k' }), refused(100_050, 4, { key: 'k' })],
    ],
    'a client without a key is refused within the window': [
      [...uneventful, unanswered(100_030, 4), refused(100_000 + WINDOW, 4)],
    ],
    'a constant key is not honoured for the first token that it uses up': [
      [...uneventful, unanswered(100_030, 4, { key: 'constant' }), refused(110_000, 4, { key: 'constant' })],
    ],
    'a client with a constant key is refused within the window': [
      [
        ...uneventful,
        rotate(100_030, 4, { key: 'constant' }),
        unanswered(100_050, 5, { key: 'constant' }),
        refused(100_020 + WINDOW, 5, { key: 'constant' }),
      ],
    ],
    'a late key is refused': [[...uneventful, unanswered(100_030, 4, { key: 'k' }), refused(110_000, 4, { key: 'k' })]],
    'a theft ends another session of the user': [[...uneventful, refused(100_030, 4)]],
    'a tab with a young cookie is refused': [
      [
        ...uneventful,
        call(80_000, { kind: 'cookie', presented: token(4), received: token(4) }),
        refused(100_030, 4, { kind: 'cookie' }),
      ],
    ],
    'tabs that share a cookie are taken for thieves': [
      [
        ...uneventful,
        rotate(100_030, 4, { kind: 'cookie' }),
        rotate(100_050, 5, { kind: 'cookie' }),
        refused(100_070, 4, { kind: 'cookie' }),
      ],
    ],
    'a copy that was sent another way ends the session': [
      [
        ...uneventful,
        refused(100_030, 4, { kind: 'cookie', sentAs: 'login' }),
        refused(100_050, 4, { kind: 'cookie' }),
      ],
    ],
    'a login in a body ends the session of the cookie that came along': [
      [...uneventfulInCookie, logInAgain(100_030, { kind: 'login' }), refused(100_050, 4, { kind: 'cookie' })],
    ],
    'a login ends the session of a body whose token came in the cookie': [
      [...uneventful, logInAgain(100_030), refused(100_050, 4)],
    ],
    'a refused login ends the session of the cookie that came along': [
      [...uneventfulInCookie, logInAgain(100_030, unknownUser), refused(100_050, 4, { kind: 'cookie' })],
    ],
    'an access token is refused': [[...uneventful, call(100_030, { action: 'me', outcome: 'refused', status: 401 })]],
    'a tab is refused soon after its cookie was renewed, because an earlier answer was lost': [
      [
        ...uneventful,
        rotate(100_030, 4, { kind: 'cookie' }),
        unanswered(100_050, 5, { kind: 'cookie' }),
        rotate(105_050, 5, { kind: 'cookie' }),
        refused(105_080, 5, { kind: 'cookie' }),
      ],
    ],
  },
  'an ended session stays ended': {
    'a refresh succeeds after a logout': [
      [...uneventful, call(100_030, { action: 'logout', presented: token(4) }), rotate(100_050, 4)],
    ],
    'a thief refreshes after a login replaced the cookie': [
      [...uneventfulInCookie, logInAgain(100_030), rotate(100_050, 4, { kind: 'cookie', actor: 'ann thief' })],
    ],
    'an access token works after a login replaced the cookie': [
      [...uneventfulInCookie, logInAgain(100_030), call(100_050, { action: 'me' })],
    ],
    'an access token works after a disablement': [
      [...uneventful, call(100_030, { action: 'disable', session: null, kind: null }), call(100_050, { action: 'me' })],
    ],
    'a session survives reuse': [[...uneventful, refused(100_030, 1), rotate(100_050, 4)]],
    'a refresh succeeds after a logout that was repeated because its answer was lost': [
      [
        ...uneventful,
        call(100_030, { action: 'logout', presented: token(4), outcome: 'unknown', status: null }),
        call(100_050, { action: 'logout', presented: token(4), outcome: 'refused', status: 401 }),
        rotate(100_070, 4),
      ],
    ],
  },
  'no session outlives its maximum age': {
    'a session never expires': [[...uneventful, rotate(130_000, 4)]],
  },
  'a closed account cannot log in': {
    'the old password still works': [
      [
        ...uneventful,
        call(100_030, { action: 'set_password', session: null, kind: null }),
        call(100_050, {
          action: 'login',
          session: 's2',
          received: { session: 's2', generation: 0, fingerprint: 'U0' },
        }),
      ],
    ],
  },
  'a used token is not accepted again': {
    'a pair is accepted under two keys, the first of which was not answered': [
      [
        ...uneventful,
        unanswered(100_030, 4, { kind: 'pair', key: 'k1' }),
        rotate(100_050, 4, { kind: 'pair', key: 'k2' }),
        rotate(100_070, 4, { kind: 'pair', key: 'k1' }),
      ],
    ],
    'a thief succeeds with a token whose successor was used': [
      [...uneventful, rotate(100_030, 1, { actor: 'ann thief' })],
    ],
    'owner and thief both use one token, more than a window apart': [
      [...uneventful, rotate(100_040 + WINDOW, 3, { actor: 'ann thief' })],
    ],
    'a thief who knows a constant key succeeds with a used token after the window': [
      [
        ...uneventful,
        rotate(100_030, 4, { key: 'constant' }),
        rotate(100_050, 5, { key: 'constant' }),
        rotate(100_070 + WINDOW, 5, { actor: 'ann thief', key: 'constant' }),
      ],
    ],
    'a constant key is honoured for the third token that it uses up': [
      [
        ...uneventful,
        ...[4, 5, 6].map((from) => rotate(100_000 + 20 * from, from, { key: 'constant' })),
        rotate(100_140 + WINDOW, 6, { actor: 'ann thief', key: 'constant' }),
      ],
    ],
    'a pair is repeated with a constant key': [
      [
        ...uneventful,
        rotate(100_030, 4, { kind: 'pair', key: 'constant' }),
        rotate(100_050, 5, { kind: 'pair', key: 'constant' }),
        rotate(100_070, 5, { kind: 'pair', key: 'constant' }),
      ],
    ],
    'a pair is refreshed twice without a key': [[...uneventful, rotate(100_040, 3, { kind: 'pair' })]],
  },
  'the halves of two pairs are refused': {
    'a pair is refreshed with the access token of another': [
      [...uneventful, rotate(100_030, 4, { kind: 'pair', mixed: true })],
    ],
  },
  'a token refreshes only in its own way': {
    "a cookie's token is accepted in a body": [
      [...uneventful, rotate(100_030, 4, { kind: 'cookie', sentAs: 'login' })],
    ],
    "a body's token is accepted in a cookie": [[...uneventful, rotate(100_030, 4, { sentAs: 'cookie' })]],
    "a pair's token is refreshed as a login's": [
      [...uneventful, rotate(100_030, 4, { kind: 'pair', sentAs: 'login' })],
    ],
  },
  'an acknowledged sign-up can log in': {
    'a user is forgotten': [
      [...uneventful, call(100_030, { action: 'login', session: null, outcome: 'refused', status: 401 })],
    ],
    'two users get the same address': [[...uneventful, { ...signUp, startedAt: 50 }]],
  },
  'an answer is one of the documented ones': {
    'a call is answered 500': [[...uneventful, call(99_000, { action: 'me', outcome: 'unknown', status: 500 })]],
    'a log reports a bug': [uneventful, { bugs: ['a request failed'] }],
  },
  'a healthy service answers': {
    'a call is not answered after the last fault': [
      [...uneventful, call(111_000, { action: 'me', outcome: 'unknown', status: 503 })],
    ],
    'no client continues': [uneventful.slice(0, -1), { final: snapshot({ tokens: [unused(3)] }) }],
  },
  'a chain is intact in the database': {
    'a session has three tokens': [uneventful, { final: snapshot({ tokens: [used(2), used(3), unused(4)] }) }],
    'a generation exists twice': [uneventful, { final: snapshot({ tokens: [unused(4), unused(4)] }) }],
    'a used token has no successor': [uneventful, { final: snapshot({ tokens: [used(4)] }) }],
    'an active session has no token': [uneventful, { final: snapshot({ tokens: [] }) }],
  },
  'acknowledged changes are in the database': {
    'an acknowledged rotation is missing': [uneventful, { final: snapshot({ tokens: [unused(3)] }) }],
    'a session was deleted before its end': [uneventful, { final: snapshot({ sessions: [], tokens: [] }) }],
    'a copy that was sent another way ended the session': [
      [...uneventful, refused(100_030, 1, { sentAs: 'cookie' })],
      { final: reused({ mails: [reuseMail] }), deliveries: delivered(1) },
    ],
    'a session ended though no call ended it': [uneventful, { final: snapshot(ended('logout')) }],
    'a session was displaced though no login replaced its cookie': [
      [...uneventful, refused(100_030, 1)],
      { final: snapshot(ended('displaced')) },
    ],
    'a session whose cookie a login replaced is active': [[...uneventfulInCookie, logInAgain(100_030)]],
    'a session that was logged out is active': [
      [...uneventful, call(100_030, { action: 'logout', presented: token(4) })],
    ],
    'a session lost its history': [[...uneventful, refused(100_030, 1)], { final: snapshot(ended('rolled_back')) }],
  },
  'reuse is mailed once': {
    'a reuse has no mail': [[...uneventful, refused(100_030, 1)], { final: reused() }],
    'a mail reports a reuse that did not happen': [
      uneventful,
      { final: snapshot({ mails: [reuseMail] }), deliveries: delivered(1) },
    ],
    'a mail reports a reuse that did not happen, and the session is deleted': [
      uneventful,
      {
        snapshots: [snapshot()],
        final: snapshot({ sessions: [], tokens: [], mails: [reuseMail] }),
        deliveries: delivered(1),
      },
    ],
    'a reuse during the run has no mail, and its session is deleted': [
      [...uneventful, refused(100_030, 1)],
      { snapshots: [reused()], final: snapshot({ sessions: [], tokens: [] }) },
    ],
  },
  'a new network is mailed within the limits': {
    'a refused refresh is mailed': [
      [...uneventful, refused(100_030, 1, { address: '203.0.113.9' })],
      { final: reused({ mails: [reuseMail, networkMail('203.0.113.9')] }), deliveries: delivered(1, 1) },
    ],
    'one network is mailed twice': [
      uneventful,
      { final: snapshot({ mails: [1, 2].map(() => networkMail('198.51.100.1')) }), deliveries: delivered(1, 1) },
    ],
  },
  'a mail is delivered, and not again and again': {
    'a mail is never sent': [
      [...uneventful, refused(100_030, 1)],
      { final: reused({ mails: [{ ...reuseMail, sent: false }] }) },
    ],
    'a mail counts as sent and did not arrive': [
      [...uneventful, refused(100_030, 1)],
      { final: reused({ mails: [reuseMail] }) },
    ],
    'a mail arrives again and again': [
      [...uneventful, refused(100_030, 1)],
      { final: reused({ mails: [reuseMail] }), deliveries: delivered(4) },
    ],
  },
}

for (const [invariant, histories] of Object.entries(FORBIDDEN))
  for (const [what, [calls, fields]] of Object.entries(histories))
    test(`"${invariant}" is violated when ${what}`, () => assert.ok(violated(calls, fields).includes(invariant)))

test('the checker has no invariant without such a history', () => {
  assert.deepEqual(INVARIANTS.map(({ name }) => name).toSorted(), Object.keys(FORBIDDEN).toSorted())
})
