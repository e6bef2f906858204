import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import sql, { raw } from 'sql-template-tag'
import { SEED } from '../support/requests/seeded.ts'
import { emptyDatabaseUrl } from '../support/test-database.ts'
import { type Access, Real, Run } from './model-run.ts'
import type { Session, Token } from './reference-model.ts'

const SEQUENCES = 50
const MAX_COMMANDS = 60
/** All columns but the id, which PostgreSQL generates. */
const TOKEN_COLUMNS = raw(`session_id, user_id, token, generation, token_digest, salt, jti, ip, used_at, attempt_digest,
  expires_at, created_at, updated_at`)

const back = fc.oneof({ weight: 7, arbitrary: fc.nat(2) }, fc.nat(20))
const older = fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, fc.nat(4))
const ownKey = fc.oneof({ weight: 2, arbitrary: fc.constant('attempt') }, fc.constantFrom('new', 'none', 'constant'))
const anyKey = fc.constantFrom('new', 'none', 'constant', 'its own', 'of another', 'attempt', 'first attempt')
const seconds = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(1, 5, 29.999, 30, 31) },
  { weight: 2, arbitrary: fc.constantFrom(899, 900, 86_400) },
  fc.constantFrom(604_800, 2_592_000),
)

let commands = 0

/** One kind of step: its random input, and the action with its comparison. */
function step<Drawn>(
  name: string,
  drawn: fc.Arbitrary<Drawn>,
  act: (run: Run, drawn: Drawn) => Promise<void> | void,
): fc.Arbitrary<fc.AsyncCommand<Run, Real>> {
  return drawn.map((each) => ({
    check: () => true,
    run: async (run) => {
      run.model.now = run.real.time
      commands++
      await act(run, each)
    },
    toString: () => `${name} ${JSON.stringify(each) ?? ''}`,
  }))
}

const nothing = fc.constant(undefined)

function chooseKey(kind: string, run: Run, token: Token): string | null {
  const { tokens } = run.model.sessions[token.session] as Session
  if (kind === 'none') return null
  if (kind === 'constant') return 'one-constant-key-of-a-client'
  if (kind === 'its own') return tokens[token.generation]?.key ?? null
  if (kind === 'attempt') return run.attemptsOf(token).at(-1) ?? null
  if (kind === 'first attempt') return run.attemptsOf(token)[0] ?? null
  if (kind === 'of another') return tokens.find(({ key }) => key !== null)?.key ?? null
  return randomUUID()
}

const newest = step('refresh with the newest token', fc.record({ back, key: ownKey }), async (run, { back, key }) => {
  const token = run.tokenAt({ back })
  await run.present(token, run.asUsual(token, chooseKey(key, run, token)))
})
const first = step('refresh with the first token', fc.record({ back, key: ownKey }), async (run, { back, key }) => {
  const token = run.tokenAt({ back, older: -1 })
  await run.present(token, run.asUsual(token, chooseKey(key, run, token)))
})
const again = step('send the last refresh again', nothing, async (run) => {
  if (run.last) await run.present(run.last.token, run.last.as)
})
const replay = step(
  'replay a token',
  fc.record({ back, older, key: anyKey, otherWay: fc.nat(4) }),
  async (run, { key, otherWay, ...which }) => {
    const token = run.tokenAt(which)
    const as = run.asUsual(token, chooseKey(key, run, token))
    await run.present(token, { ...as, inCookie: as.endpoint === 'login' && as.inCookie !== (otherWay === 0) })
  },
)
const steal = step('steal a token', fc.record({ back, older }), (run, which) => {
  run.stolen = run.tokenAt(which)
})
const thief = step('the thief refreshes', fc.boolean(), async (run, withAttempt) => {
  if (!run.stolen) return
  const before = run.accesses.length
  const key = withAttempt ? (run.attemptsOf(run.stolen)[0] ?? null) : null
  await run.present(run.stolen, { ...run.asUsual(run.stolen, key), inCookie: false })
  if (run.accesses.length > before) run.stolen = run.accesses.at(-1)?.issuedWith ?? null
})
const mixed = step('send halves of two pairs', fc.record({ one: fc.nat(9), other: fc.nat(9) }), async (run, drawn) => {
  const ofPairs = run.tokens.filter(({ session }) => run.model.sessions[session]?.kind === 'pair')
  const [one, other] = [drawn.one, drawn.other].map((nth) => ofPairs.at(-1 - (nth % ofPairs.length)) as Token)
  if (one && other) await run.present(one, { ...run.asUsual(one), half: other })
})
const misdirected = step(
  'send any halves to any endpoint',
  fc.record({ back, older, half: fc.nat(9), endpoint: fc.constantFrom('login', 'pair') }),
  async (run, { half, endpoint, ...which }) => {
    const token = run.tokenAt(which)
    const otherHalf = run.accesses.at(-1 - (half % run.accesses.length))?.issuedWith ?? null
    await run.present(token, { endpoint, inCookie: false, key: null, half: otherHalf })
  },
)
const access = step('present an access token', fc.nat(4), async (run, nth) => {
  const shown = run.accesses.at(-1 - nth)
  if (shown) await run.me(shown)
})
const logOut = step('log out', fc.record({ back, older }), (run, which) => run.logOut(run.tokenAt(which)))
const signUps = step('sign up', nothing, (run) => run.signUp())
const logIn = step('log in', fc.record({ nth: fc.nat(3), cookie: fc.boolean() }), (run, { nth, cookie }) =>
  run.begin(run.users.length - 1 - (nth % run.users.length), 'login', cookie),
)
const issue = step('issue a pair', fc.nat(3), (run, nth) =>
  run.begin(run.users.length - 1 - (nth % run.users.length), 'pair', false),
)
const pass = step('time passes', seconds, (run, time) => {
  run.real.time += time * 1000
})
/** Advances the clock to a limit or to a millisecond before it. */
const advanceUntil = step(
  'time passes until',
  fc.record({
    back,
    older,
    what: fc.constantFrom('it expires', 'it is no longer new', 'its attempt is', 'its window ends', 'its session ends'),
    early: fc.nat(1),
  }),
  (run, { what, early, ...which }) => {
    const { session, generation } = run.tokenAt(which)
    const { end, tokens } = run.model.sessions[session] as Session
    const token = tokens[generation]
    const attempt = token && run.model.attempts.get(run.attemptsOf(token).at(-1) ?? '')
    const at = {
      'it expires': token?.expires,
      'its session ends': end,
      'it is no longer new': (token?.made ?? 0) + 30_000,
      'its attempt is': (attempt?.made ?? 0) + 30_000,
    }
    const limit = (at as Record<string, number | undefined>)[what] ?? (token?.usedAt ?? 0) + 30_000
    run.real.time += Math.max(0, limit - early - run.model.now)
  },
)
const untilAccessExpires = step(
  'present an access token at its end, or a millisecond before it',
  fc.record({ nth: fc.nat(4), early: fc.nat(1) }),
  async (run, { nth, early }) => {
    const shown = run.accesses.at(-1 - (nth % run.accesses.length)) as Access
    const end = Math.min(shown.expires, run.model.sessions[shown.issuedWith.session]?.end ?? 0)
    run.real.time += Math.max(0, end - early - run.model.now)
    run.model.now = run.real.time
    await run.me(shown)
  },
)
const restart = step(
  'restart, and send the last refresh again',
  fc.record({ newSecret: fc.boolean(), otherRotation: fc.nat(3) }),
  async (run, { newSecret, otherRotation }) => {
    const { rotation, secrets } = run.real
    const other = rotation === 'strict' ? 'adaptive' : 'strict'
    await run.real.start(otherRotation === 0 ? other : rotation, newSecret ? [randomUUID(), ...secrets] : secrets)
    run.model.strict = run.real.rotation === 'strict'
    if (run.last) await run.present(run.last.token, run.last.as)
  },
)
const cleanUp = step('clean up', nothing, (run) => run.cleanUp())
const disableOrEnable = step(
  'disable or enable',
  fc.record({ nth: fc.nat(3), disabled: fc.boolean() }),
  (run, { nth, disabled }) => run.disable(run.users.length - 1 - (nth % run.users.length), disabled),
)
const remove = step('delete the user', fc.nat(4), async (run, nth) => {
  const shown = run.accesses.at(-1 - nth)
  if (shown) await run.delete(shown)
})
const backUp = step('back up the sessions', nothing, (run) => run.backUp())
const restore = step('restore the backup', nothing, (run) => restoreBackup(run))
/** Refreshes with the newest token of a restored backup, then with the token that is ahead of the backup. */
const fork = step('restore a backup, continue, and present a token ahead of it', back, async (run, nth) => {
  const token = run.tokenAt({ back: nth, older: 0 })
  await run.backUp()
  const before = run.accesses.length
  await run.present(token, run.asUsual(token))
  const ahead = run.accesses.length > before ? run.accesses.at(-1)?.issuedWith : undefined
  await restoreBackup(run)
  await run.present(token, run.asUsual(token))
  if (ahead) await run.present(ahead, run.asUsual(ahead))
})

async function restoreBackup(run: Run): Promise<void> {
  await run.server.rows(sql`delete from sessions`)
  await run.server.rows(sql`insert into sessions select * from kept_sessions where user_id in (select id from users)`)
  await run.server.rows(sql`
    insert into refresh_tokens (${TOKEN_COLUMNS})
    select ${TOKEN_COLUMNS} from kept_tokens where user_id in (select id from users)`)
  const { users, sessions } = run.model
  run.model.sessions = sessions.map((now, at) => structuredClone(run.backup[at]) ?? { ...now, exists: false })
  for (const session of run.model.sessions) if (users[session.user] === 'deleted') session.exists = false
}

const weighted: [number, fc.Arbitrary<fc.AsyncCommand<Run, Real>>][] = [
  [28, newest],
  [8, first],
  [12, again],
  [14, replay],
  [4, steal],
  [8, thief],
  [4, mixed],
  [4, misdirected],
  [14, pass],
  [12, advanceUntil],
  [3, untilAccessExpires],
  [10, access],
  [2, logOut],
  [1, signUps],
  [5, logIn],
  [4, issue],
  [2, restart],
  [2, cleanUp],
  [2, disableOrEnable],
  [1, remove],
  [2, backUp],
  [4, restore],
  [2, fork],
]

// A session only five minutes longer than a refresh token's lifetime shortens the tokens issued late in it.
for (const [rotation, sessionSeconds] of [
  ['adaptive', 2_592_000],
  ['strict', 605_100],
] as const) {
  const real = new Real(await emptyDatabaseUrl(), sessionSeconds * 1000)
  await real.start(rotation)
  await real.server.rows(sql`create table kept_sessions as select * from sessions`)
  await real.server.rows(sql`create table kept_tokens as select * from refresh_tokens`)

  test(`whatever users, thieves and operators do, the server answers as the reference model predicts: ${rotation}`, async (t) => {
    const steps = weighted.flatMap(([weight, one]) => Array.from({ length: weight }, () => one))
    const began = Date.now()
    commands = 0
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: MAX_COMMANDS, size: 'max' }), async (drawn) => {
        let latest: Run | undefined
        await fc.asyncModelRun(async () => {
          if (real.rotation !== rotation) await real.start(rotation)
          for (const old of [sql`delete from audit_events`, sql`delete from sessions`]) await real.server.rows(old)
          const run = new Run(real)
          run.model.strict = rotation === 'strict'
          run.model.now = real.time
          run.model.sessionAge = real.sessionAge
          await run.signUp()
          await run.begin(0, 'pair', false)
          await run.begin(0, 'login', true)
          await run.begin(0, 'login', false)
          await run.backUp()
          latest = run
          return { model: run, real }
        }, drawn)
        await latest?.assertDatabase()
      }),
      {
        seed: rotation === 'strict' ? SEED + 1 : SEED,
        numRuns: SEQUENCES,
        interruptAfterTimeLimit: 90_000,
        markInterruptAsFailure: true,
      },
    )
    t.diagnostic(`${SEQUENCES} sequences, ${commands} commands, ${Date.now() - began} ms`)
  })
}
