import { type ChainRules, type Holding, type Party, present } from './tabs-chain.ts'
import { copy, nameOf, newKey, normalize, type Received, type State, type Trip } from './tabs-state.ts'

// A model small enough to explore completely: the tabs of one user, a thief, and one chain. Time passes in ticks, three or
// four of which are 30 seconds; any greater age counts as one more.

export interface Client {
  kind: 'login' | 'pair'
  rotation: 'adaptive' | 'strict'
  /** Two unless said otherwise. */
  tabs?: 3
  /** Always sends its first token. */
  keepsFirst?: true
  inCookie?: true
  /** Only one tab at a time reads, refreshes and stores. */
  lock?: true
  /** Keeps an `Idempotency-Key` beside the token until its answer is stored. */
  keys?: true
  /** Stores the attempt that comes with a token, sends it as the key, and stores no answer without one. */
  attempts?: true
  /** Also stores the token of an answer that has no attempt. */
  storesKept?: true
  /** Sends no token that it stored less than so many ticks ago. */
  restTicks?: number
  /** Requests and answers may get lost. */
  loses?: true
  /** Requests may arrive after their tab has given them up. */
  givesUp?: true
  /** The maximum ticks that a request and its answer take together. */
  maxTripTicks: number
  /** The half of a trip that may take any time all the same: answers wait in frozen tabs. */
  freezes?: 'requests' | 'answers'
  /** Stores no answer that took longer than that. */
  dropsLate?: true
}

export interface Options {
  thief?: 'token' | 'token and key'
  /** The ticks of 30 seconds: three unless said otherwise. */
  windowTicks?: 3 | 4
  /** The ticks of `REFRESH_REPLAY_WINDOW`. */
  replayTicks?: number
  /** Leaves out line 6b. */
  keepRule?: false
  keepSetsCookie?: true
  /** An attempt is computed from its token instead of drawn. */
  derivesAttempts?: true
}

export interface Findings {
  states: number
  /** Ways in which a session ended although only its owner held a token. */
  falseThefts: string[]
  /** The maximum refreshes of owner and thief in turn, each more than a window after the other, the last refused. */
  turnsUntilCaught: number
}

/** Visits every reachable state. The ways in which a session ends are told apart in a second visit, of more states. */
export function explore(client: Client, options: Options = {}): Findings {
  const findings = visitAll(client, options, false)
  return findings.falseThefts.length === 0 ? findings : visitAll(client, options, true)
}

function visitAll(client: Client, options: Options, isDescribed: boolean): Findings {
  const { windowTicks = 3, replayTicks = windowTicks, keepRule = true } = options
  const longer = windowTicks + 1
  const { kind, rotation, tabs = 2, attempts = false, inCookie = false } = client
  const isRuled = { inCookie: inCookie && keepRule, attempts: attempts && keepRule }
  const rules: ChainRules = { kind, rotation, windowTicks, replayTicks, ...isRuled }
  const relevance = { longer, isDescribed, storesKept: client.storesKept === true || options.keepSetsCookie === true }
  const seen = new Set<string>()
  const falseThefts = new Set<string>()
  let turnsUntilCaught = 0
  const open: State[] = []

  const visit = (state: State) => {
    if (state.ended) return
    normalize(state, relevance)
    const name = nameOf(state)
    if (seen.has(name)) return
    seen.add(name)
    open.push(state)
  }

  /** Presents a token; null if the session ended. */
  const ask = (state: State, { token, key, keyAge }: Holding, by: Party): Received | null => {
    const row = state.rows.find(({ generation }) => generation === token)
    const isOthers = row?.by && row.by !== by && (row.used ?? 0) >= windowTicks && (key === null || row.key !== key)
    const answer = present(rules, state, { token, key, keyAge }, by)
    if ((!row || isOthers) && !state.ended) throw new Error(`the ${by} continues after the other: ${nameOf(state)}`)
    if (!answer) return null
    if (!attempts || answer.isKept) return { ...answer, key: null, keyAge: longer }
    return { ...answer, key: options.derivesAttempts ? '1' : newKey(state, answer.token), keyAge: 0 }
  }

  const send = (state: State) => {
    const waiting = state.trips.filter(({ givenUp }) => !givenUp).length
    if (waiting >= (client.lock ? 1 : tabs) || state.trips.length > 2) return
    if (state.stored.age < (client.restTicks ?? 0)) return
    const after = copy(state)
    if (client.keys) after.stored.key ??= '1'
    const { newest: _, age: __, ...sent } = after.stored
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
          trip.answer = ask(after, trip, 'owner')
          if (after.ended && !state.thief) falseThefts.add(describe(state, trip, windowTicks))
          if (trip.givenUp) drop(after)
        })
        if (client.givesUp && !givenUp) {
          change((after, trip) => {
            trip.givenUp = true
            markLost(after, trip)
          })
        }
      } else {
        change((after, trip) => {
          drop(after)
          if (client.dropsLate && trip.age > client.maxTripTicks) markLost(after, trip)
          else storeAnswer(after, trip, answer)
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

  const storeAnswer = (state: State, sent: Holding, answer: Received) => {
    if (client.keepsFirst || (answer.isKept && !options.keepSetsCookie && !client.storesKept)) return
    const { token, key, keyAge } = answer.isKept ? sent : answer
    const newest = Math.max(state.stored.newest, token)
    state.stored = { token, key, keyAge, lost: false, stale: token < newest, newest, age: 0 }
  }

  const pass = (state: State, ticks: number) => {
    const isFrozen = ({ answer }: Trip) => client.freezes === (answer === null ? 'requests' : 'answers')
    if (state.trips.some((trip) => !isFrozen(trip) && trip.age + ticks > client.maxTripTicks)) return
    visit(elapsed(state, ticks))
  }

  const elapsed = (state: State, ticks: number): State => {
    const after = copy(state)
    const older = (age: number) => Math.min(age + ticks, longer)
    const { rows, stored, thief, trips } = after
    for (const row of rows)
      Object.assign(row, { made: older(row.made), used: row.used === null ? null : older(row.used) })
    for (const holding of [stored, thief, ...trips, ...trips.map(({ answer }) => answer)])
      if (holding) holding.keyAge = older(holding.keyAge)
    for (const trip of trips) trip.age = older(trip.age)
    stored.age = Math.min(stored.age + ticks, client.restTicks ?? 0)
    return after
  }

  const letThiefAct = (state: State) => {
    if (!options.thief) return
    if (state.thief === null) {
      const { token, key, keyAge } = state.stored
      const withoutKey = { key: null, keyAge: longer }
      visit({ ...copy(state), thief: { token, ...(options.thief === 'token and key' ? { key, keyAge } : withoutKey) } })
      visit({ ...copy(state), thief: { token: 0, ...withoutKey } })
      return
    }
    for (const after of robbed(state)) visit(after)
    if (state.trips.length > 0) return
    turnsUntilCaught = Math.max(turnsUntilCaught, turns(state, 'owner'), turns(state, 'thief'))
  }

  /** The thief refreshes, with the key that it holds and without, and gets the answer at once. */
  const robbed = (state: State): State[] => {
    const held = state.thief as Holding
    return (attempts && held.key !== null ? [held, { ...held, key: null }] : [held]).map((holding) => {
      const after = copy(state)
      const answer = ask(after, holding, 'thief')
      if (answer === null || client.keepsFirst || answer.isKept) return after
      const { token, key, keyAge } = answer
      after.thief = options.thief === 'token and key' ? { token, key, keyAge } : { token, key: null, keyAge: longer }
      return after
    })
  }

  /** The owner refreshes, and gets the answer at once. */
  const refreshed = (state: State): State[] => {
    const after = copy(state)
    if (client.keys) after.stored.key ??= '1'
    const answer = ask(after, after.stored, 'owner')
    if (answer !== null) storeAnswer(after, after.stored, answer)
    return [after]
  }

  const known = new Map<string, number>()
  const turns = (state: State, party: Party, turn = 1): number => {
    if (turn > 10) return Number.POSITIVE_INFINITY
    const before = elapsed(state, longer)
    normalize(before, relevance)
    const name = `${party} ${turn} ${nameOf(before)}`
    const inTime = known.get(name)
    if (inTime !== undefined) return inTime
    const next = party === 'owner' ? 'thief' : 'owner'
    const outcomes = party === 'owner' ? refreshed(before) : robbed(before)
    const most = Math.max(...outcomes.map((after) => (after.ended ? turn : turns(after, next, turn + 1))))
    known.set(name, most)
    return most
  }

  visit({
    ended: false,
    rows: [{ generation: 0, made: 0, used: null, key: null, by: null }],
    stored: {
      ...{ token: 0, key: attempts ? '1' : null, keyAge: attempts ? 0 : longer },
      ...{ lost: false, stale: false, newest: 0, age: 0 },
    },
    trips: [],
    thief: null,
  })
  for (let state = open.pop(); state; state = open.pop()) {
    send(state)
    travel(state)
    pass(state, 1)
    pass(state, longer)
    letThiefAct(state)
  }
  return { states: seen.size, falseThefts: [...falseThefts].sort(), turnsUntilCaught }
}

function markLost({ stored }: State, trip: Trip): void {
  stored.lost ||= trip.token === stored.token
}

/** Describes, from the owner's view, a request that was taken for a thief's. */
function describe(before: State, { token, givenUp, lost, stale }: Trip, windowTicks: number): string {
  const row = before.rows.find(({ generation }) => generation === token)
  const hasMovedOn = !row || before.rows.some(({ generation, used }) => generation > token && used !== null)
  const isRecent = (row?.used ?? 0) < windowTicks
  const when = hasMovedOn ? 'when the chain has moved on' : isRecent ? 'at once' : 'after the window'
  if (givenUp) return `a request that was given up arrives ${when}`
  if (stale) return `a late answer had replaced a newer token: sent ${when}`
  if (lost) return `an answer was lost: asked again ${when}`
  return `another tab was quicker: arrives ${when}`
}
