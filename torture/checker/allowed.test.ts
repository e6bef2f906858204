import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call } from '../history.ts'
import type { Evidence } from './evidence.ts'
import {
  aboutReuse,
  arrived,
  call,
  ended,
  last,
  logIn,
  peaceful,
  refused,
  rotate,
  signUp,
  somebodyElse,
  stored,
  token,
  unanswered,
  violated,
  WINDOW,
} from './small-histories.ts'

test('a history in which all is well has no violation', () => {
  assert.deepEqual(violated(peaceful), [])
})

/** What the documents allow, each with what the database then holds. */
const ALLOWED: Record<string, [calls: Call[], fields?: Partial<Evidence>]> = {
  'a lost answer is repeated with its key, however late': [
    [...peaceful.slice(0, 4), unanswered(300, 2, { key: 'k' }), rotate(90_000, 2, { key: 'k' }), last],
  ],
  'a lost answer is repeated within the window': [
    [...peaceful.slice(0, 4), unanswered(300, 2), rotate(300 + WINDOW - 100, 2), last],
  ],
  'a lost answer without a key, repeated after the window, ends the session': [
    [...peaceful.slice(0, 4), unanswered(300, 2), refused(310 + WINDOW, 2), somebodyElse],
    { stored: stored({ ...ended('reuse'), mails: [aboutReuse] }), taken: arrived(1) },
  ],
  'a thief of a cookie and its key is refused once its successor was used': [
    [
      ...peaceful.slice(0, 4),
      rotate(300, 2, { kind: 'cookie', key: 'k' }),
      rotate(90_000, 3, { kind: 'cookie' }),
      refused(100_000, 2, { kind: 'cookie', key: 'k' }),
      somebodyElse,
    ],
    { stored: stored({ ...ended('reuse'), mails: [aboutReuse] }), taken: arrived(1) },
  ],
  'what a client gave up waiting for arrives late, and is taken for a thief’s': [
    [
      ...peaceful,
      unanswered(96_000, 4, { key: 'k', endedAt: 100_000 }),
      rotate(100_030, 4, { key: 'k' }),
      rotate(100_050, 5),
      refused(100_070, 6),
    ],
    {
      stored: stored({
        ...ended('reuse'),
        mails: [aboutReuse],
        tokens: [{ session_id: 's1', generation: 6, used: false }],
      }),
      taken: arrived(1),
    },
  ],
  'the first token of an adaptive session stays good until its successor is used': [
    [signUp, logIn, rotate(100, 0), rotate(50_000, 0), rotate(100_010, 0)],
    {
      stored: stored({
        tokens: [
          { session_id: 's1', generation: 0, used: false },
          { session_id: 's1', generation: 1, used: false },
        ],
      }),
    },
  ],
  'a cookie is answered with itself': [
    [...peaceful, call(100_030, { kind: 'cookie', presented: token(4), received: token(4) })],
  ],
  'a thief is refused, and the owner after them': [
    [...peaceful, refused(100_030, 1, { actor: 'ann thief' }), refused(100_050, 4)],
    { stored: stored({ ...ended('reuse'), mails: [aboutReuse] }), taken: arrived(2) },
  ],
  'a session is over after its logout': [
    [...peaceful, call(100_030, { action: 'logout', presented: token(4) }), refused(100_050, 4)],
    { stored: stored({ ...ended('logout'), tokens: [] }) },
  ],
  'a session is over at its absolute end': [
    [signUp, logIn, ...peaceful.slice(2), refused(120_100, 4)],
    { stored: stored({ sessions: [], tokens: [] }), readAt: 121_000 },
  ],
}

for (const [name, [calls, fields]] of Object.entries(ALLOWED))
  test(`allowed: ${name}`, () => assert.deepEqual(violated(calls, fields), []))
