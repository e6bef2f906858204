import { type Decision, decide } from '../../src/auth/refresh/refresh-policy.ts'
import type { TokenRow } from '../../src/storage/session/refresh-tokens.ts'

// A world small enough to be looked at whole: two tabs of one user, a thief, and one chain that `decide` rules. Time goes
// in ticks of ten seconds; three are the window, and what is older than that is as good as four.

const WINDOW = 3
const LONGER = WINDOW + 1
const LAST_GENERATION = 4
const TICK_SECONDS = 10

export interface Client {
  kind: 'login' | 'pair'
  rotation: 'adaptive' | 'strict'
  /** Sends its first token each time. */
  keepsFirst?: true
  inCookie?: true
  /** One tab at a time reads, refreshes and stores. */
  lock?: true
  /** An `Idempotency-Key` is kept beside the token until its answer is stored. */
  keys?: true
  /** Requests and answers get lost. */
  loses?: true
  /** Requests arrive after their tab has given them up. */
  givesUp?: true
  /** Ticks that a request and its answer take together, at most. */
  longestTrip: number
}

type Party = 'owner' | 'thief'

interface Row {
  generation: number
  made: number
  used: number | null
  key: string | null
  by: Party | null
}

type Holding = { token: number; key: string | null }

interface Sent extends Holding {
  /** Whether an answer to this token was lost. */
  lost: boolean
  /** Whether the tabs had a newer one before. */
  stale: boolean
}

interface Trip extends Sent {
  age: number
  /** What came of it, once it has been at the server. */
  answer: number | null
  givenUp: boolean
}

interface World {
  over: boolean
  rows: Row[]
  /** The cookie, or what the tabs store. */
  jar: Sent & { newest: number }
  trips: Trip[]
  thief: Holding | null
}

export interface Findings {
  states: number
  /** Ways in which a session ended while nobody but its owner held a token. */
  falseThefts: string[]
  /** The most refreshes that owner and thief had in turn, each more than a window after the other, the last refused. */
  turnsUntilCaught: number
}

const NOW = Date.UTC(2026, 4, 1)
const dateOfAge = Array.from({ length: LONGER + 1 }, (_, age) => new Date(NOW - age * TICK_SECONDS * 1000))

/** Visits every world that can come about. */
export function explore(
  client: Client,
  options: { thief?: 'token' | 'token and key'; keepRule?: false; keepSetsCookie?: true } = {},
): Findings {
  const seen = new Set<string>()
  const falseThefts = new Set<string>()
  let turnsUntilCaught = 0
  const open: World[] = []

  const visit = (world: World) => {
    if (world.trips.length > 1)
      // the tab that sent a request makes no difference
      world.trips.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    const name = nameOf(world)
    if (seen.has(name)) return
    seen.add(name)
    if (!world.over) open.push(world)
  }

  /** Presents a token; the generation of the answer, or null. */
  const present = (world: World, { token, key }: Holding, by: Party, inCookie = client.inCookie === true) => {
    const row = world.rows.find(({ generation }) => generation === token)
    const decision = decide({
      now: dateOfAge[0] as Date,
      endpoint: client.kind,
      generation: token,
      chain: { ...USER, ...LIVING, kind: client.kind, rotation: client.rotation, tokens: world.rows.map(rowOf) },
      digestMatches: row ? true : null,
      accessToken: client.kind === 'pair' ? 'matches' : 'not_needed',
      attemptDigests: [key ?? 'drawn for this request'],
      replayWindowSeconds: WINDOW * TICK_SECONDS,
      inCookie: inCookie && options.keepRule !== false,
    })
    const usedByOther = row?.by && row.by !== by && (row.used ?? 0) >= WINDOW && (key === null || row.key !== key)
    const answer = carryOut(world, decision, key, by)
    if ((!row || usedByOther) && !world.over) throw new Error(`the ${by} goes on after the other: ${nameOf(world)}`)
    return answer
  }

  const send = (world: World) => {
    const waiting = world.trips.filter(({ givenUp }) => !givenUp).length
    if (waiting >= (client.lock ? 1 : 2) || world.trips.length > 2 || world.jar.token >= LAST_GENERATION) return
    const after = copyOf(world)
    if (client.keys) after.jar.key ??= `of ${after.jar.token}`
    const { newest: _, ...sent } = after.jar
    after.trips.push({ ...sent, age: 0, answer: null, givenUp: false })
    visit(after)
  }

  const travel = (world: World) => {
    for (const at of world.trips.keys()) {
      const change = (act: (after: World, trip: Trip) => void) => {
        const after = copyOf(world)
        act(after, after.trips[at] as Trip)
        visit(after)
      }
      const drop = (after: World) => after.trips.splice(at, 1)
      const { answer, givenUp } = world.trips[at] as Trip
      if (answer === null) {
        change((after, trip) => {
          trip.answer = present(after, trip, 'owner')
          if (after.over && !world.thief) falseThefts.add(describe(world, trip))
          if (trip.givenUp) drop(after)
        })
        if (client.givesUp && !givenUp) {
          change((after, trip) => {
            trip.givenUp = true
            miss(after, trip)
          })
        }
      } else {
        change((after, { token }) => {
          drop(after)
          const isKept = client.keepsFirst || (client.inCookie && answer === token && !options.keepSetsCookie)
          if (!isKept) store(after, answer)
        })
      }
      if (client.loses) {
        change((after, trip) => {
          drop(after)
          miss(after, trip)
        })
      }
    }
  }

  const pass = (world: World, ticks: number) => {
    if (world.trips.some(({ age }) => age + ticks > client.longestTrip)) return
    const after = copyOf(world)
    elapse(after, ticks)
    visit(after)
  }

  const thieve = (world: World) => {
    if (!options.thief) return
    if (world.thief === null) {
      const { token, key } = world.jar
      visit({ ...copyOf(world), thief: { token, key: options.thief === 'token and key' ? key : null } })
      visit({ ...copyOf(world), thief: { token: 0, key: null } })
      return
    }
    if (world.thief.token < LAST_GENERATION) {
      for (const inCookie of client.inCookie ? [true, false] : [false]) {
        const after = copyOf(world)
        refresh(after, 'thief', inCookie)
        visit(after)
      }
    }
    if (world.trips.length > 0) return
    turnsUntilCaught = Math.max(turnsUntilCaught, turns(world, 'owner'), turns(world, 'thief'))
  }

  /** One of the two refreshes and gets the answer at once. */
  const refresh = (world: World, by: Party, inCookie?: boolean) => {
    const { jar, thief } = world
    if (by === 'owner' && client.keys) jar.key ??= `of ${jar.token}`
    const answer = present(world, by === 'owner' ? jar : (thief as Holding), by, inCookie)
    if (answer === null || client.keepsFirst) return
    if (by === 'owner') store(world, answer)
    else world.thief = { token: answer, key: null }
  }

  const turns = (world: World, first: Party): number => {
    const after = copyOf(world)
    for (let turn = 1; turn <= 10; turn++) {
      elapse(after, LONGER)
      refresh(after, (turn % 2 === 1) === (first === 'owner') ? 'owner' : 'thief')
      if (after.over) return turn
    }
    return Number.POSITIVE_INFINITY
  }

  visit({
    over: false,
    rows: [{ generation: 0, made: 0, used: null, key: null, by: null }],
    jar: { token: 0, key: null, lost: false, stale: false, newest: 0 },
    trips: [],
    thief: null,
  })
  for (let world = open.pop(); world; world = open.pop()) {
    send(world)
    travel(world)
    pass(world, 1)
    pass(world, LONGER)
    thieve(world)
  }
  return { states: seen.size, falseThefts: [...falseThefts].sort(), turnsUntilCaught }
}

const USER = { user_id: 1, guid: 'guid', role: 'user', disabled_at: null } as const
const EXPIRY = new Date(NOW + 1e9)
const LIVING = { session_id: 'session', expires_at: EXPIRY, revoked_at: null, revoke_reason: null }
const ISSUED = { token_digest: 'digest', salt: 'salt', jti: 'jti', token_ip: '127.0.0.1', token_expires_at: EXPIRY }

function rowOf({ generation, made, used, key }: Row): TokenRow {
  return {
    ...ISSUED,
    generation,
    used_at: used === null ? null : (dateOfAge[used] as Date),
    attempt_digest: used === null ? null : (key ?? 'drawn for another request'),
    token_created_at: dateOfAge[made] as Date,
  }
}

/** As `refresh-chain.ts` does it. */
function carryOut(world: World, decision: Decision, key: string | null, by: Party): number | null {
  const insert = (generation: number) => world.rows.push({ generation, made: 0, used: null, key: null, by: null })
  switch (decision.kind) {
    case 'reused':
      world.over = true
      return null
    case 'repeat':
      return decision.successor.generation
    case 'keep':
      return decision.unused.generation
    case 'offer':
      if (!decision.successor) insert(1)
      return 1
    case 'rotate': {
      const { generation } = decision.unused
      world.rows = world.rows.filter((row) => row.generation >= generation)
      Object.assign(world.rows.find((row) => row.generation === generation) as Row, { used: 0, key, by })
      insert(generation + 1)
      return generation + 1
    }
    default:
      throw new Error(`${decision.kind} cannot come about here`)
  }
}

const nameOf = (what: unknown): string => JSON.stringify(what)

function copyOf({ over, rows, jar, trips, thief }: World): World {
  const own = { jar: { ...jar }, thief: thief && { ...thief } }
  return { over, rows: rows.map((row) => ({ ...row })), ...own, trips: trips.map((trip) => ({ ...trip })) }
}

function store({ jar }: World, token: number): void {
  const newest = Math.max(jar.newest, token)
  Object.assign(jar, { token, key: null, lost: false, stale: token < newest, newest })
}

function miss({ jar }: World, trip: Trip): void {
  jar.lost ||= trip.token === jar.token
}

function elapse(world: World, ticks: number): void {
  const older = (age: number) => Math.min(age + ticks, LONGER)
  for (const row of world.rows) {
    row.made = older(row.made)
    if (row.used !== null) row.used = older(row.used)
  }
  for (const trip of world.trips) trip.age = older(trip.age)
}

/** What an owner would say of the request that was taken for a thief's. */
function describe(before: World, { token, givenUp, lost, stale }: Trip): string {
  const row = before.rows.find(({ generation }) => generation === token)
  const movedOn = !row || before.rows.some(({ generation, used }) => generation > token && used !== null)
  const when = movedOn ? 'when the chain has moved on' : (row.used ?? 0) < WINDOW ? 'at once' : 'after the window'
  if (givenUp) return `a request that was given up arrives ${when}`
  if (stale) return `a late answer had replaced a newer token: sent ${when}`
  if (lost) return `an answer was lost: asked again ${when}`
  return `another tab was quicker: arrives ${when}`
}
