import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call } from '../history.ts'
import { INVARIANTS } from './check.ts'
import type { Evidence } from './evidence.ts'
import {
  aboutNetwork,
  aboutReuse,
  arrived,
  call,
  ended,
  peaceful,
  refused,
  rotate,
  signUp,
  stored,
  token,
  unanswered,
  violated,
  WINDOW,
} from './small-histories.ts'

/** What must never happen: the invariant that objects, and a history in which it does happen. */
const FORBIDDEN: [
  invariant: (typeof INVARIANTS)[number]['name'],
  what: string,
  calls: Call[],
  fields?: Partial<Evidence>,
][] = [
  [
    'a token has one successor',
    'two answers to one token differ',
    [...peaceful, rotate(100_030, 3, { received: token(4, 'other') })],
  ],
  [
    'a successor is of the next generation',
    'a generation is skipped',
    [...peaceful, call(100_030, { presented: token(4), received: token(6) })],
    { stored: stored({ tokens: [{ session_id: 's1', generation: 6, used: false }] }) },
  ],
  [
    'a successor is of the next generation',
    'a body token is answered with itself',
    [...peaceful, call(100_030, { presented: token(4), received: token(4) })],
  ],
  [
    'a successor is of the next generation',
    'a token of another session comes back',
    [...peaceful, rotate(100_030, 4, { received: { session: 's2', generation: 5, print: 'x' } })],
  ],
  [
    'a session ends for a reason',
    'a crash costs a client with a key its session',
    [...peaceful, unanswered(100_030, 4, { key: 'k' }), refused(100_050, 4, { key: 'k' })],
  ],
  [
    'a session ends for a reason',
    'a client without a key is refused within the window',
    [...peaceful, unanswered(100_030, 4), refused(100_000 + WINDOW, 4)],
  ],
  [
    'a session ends for a reason',
    'a late key is refused',
    [...peaceful, unanswered(100_030, 4, { key: 'k' }), refused(110_000, 4, { key: 'k' })],
  ],
  [
    'a session ends for a reason',
    'another session of the user is ended by a theft',
    [...peaceful, refused(100_030, 4)],
  ],
  [
    'a session ends for a reason',
    'a tab with a young cookie is refused',
    [
      ...peaceful,
      call(80_000, { kind: 'cookie', presented: token(4), received: token(4) }),
      refused(100_030, 4, { kind: 'cookie' }),
    ],
  ],
  [
    'a session ends for a reason',
    'tabs that share a cookie are taken for thieves',
    [
      ...peaceful,
      rotate(100_030, 4, { kind: 'cookie' }),
      rotate(100_050, 5, { kind: 'cookie' }),
      refused(100_070, 4, { kind: 'cookie' }),
    ],
  ],
  [
    'a session ends for a reason',
    'an access token is refused',
    [...peaceful, call(100_030, { action: 'me', outcome: 'refused', status: 401 })],
  ],
  [
    'an ended session stays ended',
    'a refresh succeeds after a logout',
    [...peaceful, call(100_030, { action: 'logout', presented: token(4) }), rotate(100_050, 4)],
  ],
  [
    'an ended session stays ended',
    'an access token works after a disablement',
    [...peaceful, call(100_030, { action: 'disable', session: null, kind: null }), call(100_050, { action: 'me' })],
  ],
  [
    'an ended session stays ended',
    'a session lives on after reuse',
    [...peaceful, refused(100_030, 1), rotate(100_050, 4)],
  ],
  [
    'an ended session stays ended',
    'a refresh succeeds after a logout that was repeated because its answer was lost',
    [
      ...peaceful,
      call(100_030, { action: 'logout', presented: token(4), outcome: 'unknown', status: null }),
      call(100_050, { action: 'logout', presented: token(4), outcome: 'refused', status: 401 }),
      rotate(100_070, 4),
    ],
  ],
  ['no session outlives its absolute end', 'a session goes on for ever', [...peaceful, rotate(130_000, 4)]],
  [
    'a closed account lets nobody in',
    'the old password is still good',
    [
      ...peaceful,
      call(100_030, { action: 'set_password', session: null, kind: null }),
      call(100_050, { action: 'login', session: 's2', received: { session: 's2', generation: 0, print: 'U0' } }),
    ],
  ],
  [
    'a used token does not live on',
    'a pair is good under two keys, the first of which was not answered',
    [
      ...peaceful,
      unanswered(100_030, 4, { kind: 'pair', key: 'k1' }),
      rotate(100_050, 4, { kind: 'pair', key: 'k2' }),
      rotate(100_070, 4, { kind: 'pair', key: 'k1' }),
    ],
  ],
  [
    'a session ends for a reason',
    'a tab is refused soon after its cookie was renewed, because of an answer lost while it was young',
    [
      ...peaceful,
      rotate(100_030, 4, { kind: 'cookie' }),
      unanswered(100_050, 5, { kind: 'cookie' }),
      rotate(105_050, 5, { kind: 'cookie' }),
      refused(105_080, 5, { kind: 'cookie' }),
    ],
  ],
  [
    'a mail arrives, and not over and over',
    'a mail never leaves',
    [...peaceful, refused(100_030, 1)],
    { stored: stored({ ...ended('reuse'), mails: [{ ...aboutReuse, sent: false }] }) },
  ],
  [
    'reuse is mailed once',
    'a reuse that was seen in the middle has no mail, and its session is gone',
    [...peaceful, refused(100_030, 1)],
    { looks: [stored(ended('reuse'))], stored: stored({ sessions: [], tokens: [] }) },
  ],
  [
    'a used token does not live on',
    'a thief is good with a token whose successor was used',
    [...peaceful, rotate(100_030, 1, { actor: 'ann thief' })],
  ],
  [
    'a used token does not live on',
    'owner and thief both use one token, more than a window apart',
    [...peaceful, rotate(100_040 + WINDOW, 3, { actor: 'ann thief' })],
  ],
  [
    'a used token does not live on',
    'a pair is refreshed twice without a key',
    [...peaceful, rotate(100_040, 3, { kind: 'pair' })],
  ],
  [
    'mixed halves are refused',
    'a pair is refreshed with a foreign access token',
    [...peaceful, rotate(100_030, 4, { kind: 'pair', mixed: true })],
  ],
  [
    'an acknowledged sign-up can log in',
    'a user is forgotten',
    [...peaceful, call(100_030, { action: 'login', session: null, outcome: 'refused', status: 401 })],
  ],
  [
    'an acknowledged sign-up can log in',
    'an address is given to two users',
    [...peaceful, { ...signUp, startedAt: 50 }],
  ],
  [
    'an answer is one of the documented ones',
    'a 500',
    [...peaceful, call(99_000, { action: 'me', outcome: 'unknown', status: 500 })],
  ],
  ['an answer is one of the documented ones', 'a bug in the log', peaceful, { bugs: ['a request failed'] }],
  [
    'a service that is whole answers',
    'silence after the harm',
    [...peaceful, call(111_000, { action: 'me', outcome: 'unknown', status: 503 })],
  ],
  [
    'a service that is whole answers',
    'nobody goes on',
    peaceful.slice(0, -1),
    { stored: stored({ tokens: [{ session_id: 's1', generation: 3, used: false }] }) },
  ],
  [
    'a chain is whole in the database',
    'three tokens of one session',
    peaceful,
    {
      stored: stored({
        tokens: [2, 3, 4].map((generation) => ({ session_id: 's1', generation, used: generation < 4 })),
      }),
    },
  ],
  [
    'a chain is whole in the database',
    'a generation twice',
    peaceful,
    { stored: stored({ tokens: [4, 4].map((generation) => ({ session_id: 's1', generation, used: false })) }) },
  ],
  [
    'a chain is whole in the database',
    'a used token without a successor',
    peaceful,
    { stored: stored({ tokens: [{ session_id: 's1', generation: 4, used: true }] }) },
  ],
  ['a chain is whole in the database', 'a living session without tokens', peaceful, { stored: stored({ tokens: [] }) }],
  [
    'what was acknowledged is in the database',
    'an acknowledged rotation is missing',
    peaceful,
    { stored: stored({ tokens: [{ session_id: 's1', generation: 3, used: false }] }) },
  ],
  [
    'what was acknowledged is in the database',
    'a session was deleted before its end',
    peaceful,
    { stored: stored({ sessions: [], tokens: [] }) },
  ],
  [
    'what was acknowledged is in the database',
    'a session was ended by nobody',
    peaceful,
    { stored: stored(ended('logout')) },
  ],
  [
    'what was acknowledged is in the database',
    'a session lost its history',
    [...peaceful, refused(100_030, 1)],
    { stored: stored(ended('rolled_back')) },
  ],
  [
    'reuse is mailed once',
    'a reuse without a mail',
    [...peaceful, refused(100_030, 1)],
    { stored: stored(ended('reuse')) },
  ],
  [
    'reuse is mailed once',
    'a mail about a reuse that was none',
    peaceful,
    { stored: stored({ mails: [aboutReuse] }), taken: arrived(1) },
  ],
  [
    'a new network is mailed as the rules say',
    'a refused refresh is mailed',
    [...peaceful, refused(100_030, 1, { address: '203.0.113.9' })],
    { stored: stored({ ...ended('reuse'), mails: [aboutReuse, aboutNetwork('203.0.113.9')] }), taken: arrived(1, 1) },
  ],
  [
    'a new network is mailed as the rules say',
    'two mails about one network',
    peaceful,
    { stored: stored({ mails: [1, 2].map(() => aboutNetwork('198.51.100.1')) }), taken: arrived(1, 1) },
  ],
  [
    'a mail arrives, and not over and over',
    'a mail that counts as sent did not arrive',
    [...peaceful, refused(100_030, 1)],
    { stored: stored({ ...ended('reuse'), mails: [aboutReuse] }) },
  ],
  [
    'a mail arrives, and not over and over',
    'a mail comes again and again',
    [...peaceful, refused(100_030, 1)],
    { stored: stored({ ...ended('reuse'), mails: [aboutReuse] }), taken: arrived(4) },
  ],
]

for (const [invariant, what, calls, fields] of FORBIDDEN)
  test(`"${invariant}" objects when ${what}`, () => assert.ok(violated(calls, fields).includes(invariant)))

test('every invariant is seen to object', () => {
  const seen = new Set<string>(FORBIDDEN.map(([invariant]) => invariant))
  assert.deepEqual(
    INVARIANTS.map(({ name }) => name).filter((name) => !seen.has(name)),
    [],
  )
})
