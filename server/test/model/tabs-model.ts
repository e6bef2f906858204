import { type Decision, decide } from '../../src/auth/refresh/refresh-policy.ts'
import type { TokenRow } from '../../src/storage/session/refresh-tokens.ts'

// A model small enough to explore completely: two tabs of one user, a thief, and one chain that `decide` governs. Time
// passes in ticks of ten seconds; three are the window, and any greater age counts as four.
const WINDOW = 3
const LONGER = WINDOW + 1
const LAST_GENERATION = 4
const TICK_SECONDS = 10

export interface Client {
  kind: 'login' | 'pair'
  rotation: 'adaptive' | 'strict'
  /** Always sends its first token. */
  keepsFirst?: true
  inCookie?: true
  /** Only one tab at a time reads, refreshes and stores. */
  lock?: true
  /** Keeps an `Idempotency-Key` beside the token until its answer is stored. */
  keys?: true
  /** Requests and answers may get lost. */
  loses?: true
  /** Requests may arrive after their tab has given them up. */
  givesUp?: true
  /** The maximum ticks that a request and its answer take together. */
  maxTripTicks: number
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
  /** Whether the tabs had a newer token before. */
  stale: boolean
}

interface Trip extends Sent {
  age: number
  /** The generation that the server answered, null until the request has arrived. */
  answer: number | null
  givenUp: boolean
}

interface State {
  ended: boolean
  rows: Row[]
  /** The cookie, or the token that the tabs store. */
  stored: Sent & { newest: number }
  trips: Trip[]
  thief: Holding | null
}

export interface Findings {
  states: number
  /** Ways in which a session ended although only its owner held a token. */
  falseThefts: string[]
  /** The maximum refreshes of owner and thief in turn, each more than a window after the other, the last refused. */
  turnsUntilCaught: number
}

const NOW = Date.UTC(2026, 4, 1)
const dateOfAge = Array.from({ length: LONGER + 1 }, (_, age) => new Date(NOW - age * TICK_SECONDS * 1000))

/** Visits every reachable state. */
export function explore(
  client: Client,
  options: { thief?: 'token' | 'token and key'; keepRule?: false; keepSetsCookie?: true } = {},
): Findings {
  const seen = new Set<string>()
  const falseThefts = new Set<string>()
  let turnsUntilCaught = 0
  const open: State[] = []

  const visit = (state: State) => {
    // It makes no difference which tab sent a request.
    if (state.trips.length > 1) state.trips.sort((a, b) => (serialize(a) < serialize(b) ? -1 : 1))
    const name = serialize(state)
    if (seen.has(name)) return
    seen.add(name)
    if (!state.ended) open.push(state)
  }

  /** Presents a token and returns the generation of the answer, or null. */
  const present = (state: State, { token, key }: Holding, by: Party) => {
    const row = state.rows.find(({ generation }) => generation === token)
    const decision = decide({
      now: dateOfAge[0] as Date,
      endpoint: client.kind,
      generation: token,
      chain: { ...USER, ...ACTIVE, kind: client.kind, rotation: client.rotation, tokens: state.rows.map(toTokenRow) },
      digestMatches: row ? true : null,
      accessToken: client.kind === 'pair' ? 'matches' : 'not_needed',
      attemptDigests: [key ?? 'drawn for this request'],
      replayWindowSeconds: WINDOW * TICK_SECONDS,
      // The other way to travel is refused and ends nothing, so the thief takes the owner's.
      inCookie: client.inCookie === true && options.keepRule !== false,
    })
    const usedByOther = row?.by && row.by !== by && (row.used ?? 0) >= WINDOW && (key === null || row.key !== key)
    const answer = applyDecision(state, decision, key, by)
    if ((!row || usedByOther) && !state.ended)
      throw new Error(`the ${by} continues after the other: ${serialize(state)}`)
    return answer
  }

  const send = (state: State) => {
    const waiting = state.trips.filter(({ givenUp }) => !givenUp).length
    if (waiting >= (client.lock ? 1 : 2) || state.trips.length > 2 || state.stored.token >= LAST_GENERATION) return
    const after = copy(state)
    if (client.keys) after.stored.key ??= `of ${after.stored.token}`
    const { newest: _, ...sent } = after.stored
    after.trips.push({ ...sent, age: 0, answer: null, givenUp: false })
    visit(after)
  }

  const travel = (state: State) => {
    for (const at of state.trips.keys()) {
      const change = (act: (after: State, trip: Trip) => void) => {
        const after = copy(state)
        act(after, after.trips[at] as Trip)
        visit(after)
      }
      const drop = (after: State) => after.trips.splice(at, 1)
      const { answer, givenUp } = state.trips[at] as Trip
      if (answer === null) {
        change((after, trip) => {
          trip.answer = present(after, trip, 'owner')
          if (after.ended && !state.thief) falseThefts.add(describe(state, trip))
          if (trip.givenUp) drop(after)
        })
        if (client.givesUp && !givenUp) {
          change((after, trip) => {
            trip.givenUp = true
            markLost(after, trip)
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
          markLost(after, trip)
        })
      }
    }
  }

  const pass = (state: State, ticks: number) => {
    if (state.trips.some(({ age }) => age + ticks > client.maxTripTicks)) return
    const after = copy(state)
    elapse(after, ticks)
    visit(after)
  }

  const letThiefAct = (state: State) => {
    if (!options.thief) return
    if (state.thief === null) {
      const { token, key } = state.stored
      visit({ ...copy(state), thief: { token, key: options.thief === 'token and key' ? key : null } })
      visit({ ...copy(state), thief: { token: 0, key: null } })
      return
    }
    if (state.thief.token < LAST_GENERATION) {
      const after = copy(state)
      refresh(after, 'thief')
      visit(after)
    }
    if (state.trips.length > 0) return
    turnsUntilCaught = Math.max(turnsUntilCaught, turns(state, 'owner'), turns(state, 'thief'))
  }

  /** Refreshes for the owner or the thief, who gets the answer at once. */
  const refresh = (state: State, by: Party) => {
    const { stored, thief } = state
    if (by === 'owner' && client.keys) stored.key ??= `of ${stored.token}`
    const answer = present(state, by === 'owner' ? stored : (thief as Holding), by)
    if (answer === null || client.keepsFirst) return
    if (by === 'owner') store(state, answer)
    else state.thief = { token: answer, key: null }
  }

  const turns = (state: State, first: Party): number => {
    const after = copy(state)
    for (let turn = 1; turn <= 10; turn++) {
      elapse(after, LONGER)
      refresh(after, (turn % 2 === 1) === (first === 'owner') ? 'owner' : 'thief')
      if (after.ended) return turn
    }
    return Number.POSITIVE_INFINITY
  }

  visit({
    ended: false,
    rows: [{ generation: 0, made: 0, used: null, key: null, by: null }],
    stored: { token: 0, key: null, lost: false, stale: false, newest: 0 },
    trips: [],
    thief: null,
  })
  for (let state = open.pop(); state; state = open.pop()) {
    send(state)
    travel(state)
    pass(state, 1)
    pass(state, LONGER)
    letThiefAct(state)
  }
  return { states: seen.size, falseThefts: [...falseThefts].sort(), turnsUntilCaught }
}

const USER = { user_id: 1, guid: 'guid', role: 'user', disabled_at: null } as const
const EXPIRY = new Date(NOW + 1e9)
const ACTIVE = { session_id: 'session', expires_at: EXPIRY, revoked_at: null, revoke_reason: null, token_carrier: null }
const ISSUED = { token_digest: 'digest', salt: 'salt', jti: 'jti', token_ip: '127.0.0.1', token_expires_at: EXPIRY }

function toTokenRow({ generation, made, used, key }: Row): TokenRow {
  return {
    ...ISSUED,
    generation,
    used_at: used === null ? null : (dateOfAge[used] as Date),
    attempt_digest: used === null ? null : (key ?? 'drawn for another request'),
    key_digest: null,
    token_created_at: dateOfAge[made] as Date,
  }
}

/** Applies a decision as `refresh-chain.ts` does. */
function applyDecision(state: State, decision: Decision, key: string | null, by: Party): number | null {
  const insert = (generation: number) => state.rows.push({ generation, made: 0, used: null, key: null, by: null })
  switch (decision.kind) {
    case 'reused':
      state.ended = true
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
      state.rows = state.rows.filter((row) => row.generation >= generation)
      Object.assign(state.rows.find((row) => row.generation === generation) as Row, { used: 0, key, by })
      insert(generation + 1)
      return generation + 1
    }
    default:
      throw new Error(`${decision.kind} cannot occur here`)
  }
}

const serialize = (what: unknown): string => JSON.stringify(what)

function copy({ ended, rows, stored, trips, thief }: State): State {
  const copies = { stored: { ...stored }, thief: thief && { ...thief } }
  return { ended, rows: rows.map((row) => ({ ...row })), ...copies, trips: trips.map((trip) => ({ ...trip })) }
}

function store({ stored }: State, token: number): void {
  const newest = Math.max(stored.newest, token)
  Object.assign(stored, { token, key: null, lost: false, stale: token < newest, newest })
}

function markLost({ stored }: State, trip: Trip): void {
  stored.lost ||= trip.token === stored.token
}

function elapse(state: State, ticks: number): void {
  const older = (age: number) => Math.min(age + ticks, LONGER)
  for (const row of state.rows) {
    row.made = older(row.made)
    if (row.used !== null) row.used = older(row.used)
  }
  for (const trip of state.trips) trip.age = older(trip.age)
}

/** Describes, from the owner's view, a request that was taken for a thief's. */
function describe(before: State, { token, givenUp, lost, stale }: Trip): string {
  const row = before.rows.find(({ generation }) => generation === token)
  const hasMovedOn = !row || before.rows.some(({ generation, used }) => generation > token && used !== null)
  const when = hasMovedOn ? 'when the chain has moved on' : (row.used ?? 0) < WINDOW ? 'at once' : 'after the window'
  if (givenUp) return `a request that was given up arrives ${when}`
  if (stale) return `a late answer had replaced a newer token: sent ${when}`
  if (lost) return `an answer was lost: asked again ${when}`
  return `another tab was quicker: arrives ${when}`
}
