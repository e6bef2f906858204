import type { Chain, Holding, Row } from './tabs-chain.ts'

/** A token as a tab sends it, with what the owner knows of it; that only names the ways in which a session ends. */
export interface Sent extends Holding {
  /** Whether an answer to this token was lost. */
  lost: boolean
  /** Whether the tabs had a newer token before. */
  stale: boolean
}

/** The answer of the server: the token, and a new attempt with it unless the token was kept. */
export interface Received extends Holding {
  isKept: boolean
}

export interface Trip extends Sent {
  age: number
  /** Null until the request has arrived. */
  answer: Received | null
  givenUp: boolean
}

export interface State extends Chain {
  /** The cookie, or the token that the tabs store. */
  stored: Sent & { newest: number; age: number }
  trips: Trip[]
  thief: Holding | null
}

/** No client holds the key any more, so it is like any other such key. */
const FORGOTTEN = '?'

interface Relevance {
  /** The greatest age. */
  longer: number
  /** Whether states differ by what describes the end of a session. */
  isDescribed: boolean
  /** Whether an answer is stored that has no attempt. */
  storesKept: boolean
}

/** Makes states alike that differ in nothing that still counts, so that the chain may go on without end. */
export function normalize(state: State, { longer, isDescribed, storesKept }: Relevance): void {
  const { stored, thief, trips, rows } = state
  const received = trips.flatMap(({ answer }) => answer ?? [])
  for (const trip of trips) {
    // The token that was sent counts no more, once the request has arrived.
    if (trip.answer && !isDescribed && !storesKept) Object.assign(trip, { token: 0, key: null, keyAge: longer })
    if (trip.answer?.isKept && !storesKept) Object.assign(trip.answer, { token: 0, key: null, keyAge: longer })
  }
  const holdings = [stored, ...(thief ? [thief] : []), ...trips, ...received]
  renumber(state, holdings)
  for (const row of rows) {
    if (row.used !== null) row.made = longer
    const held = holdings.filter(({ token }) => token === row.generation)
    if (row.used !== null && row.key !== null && !held.some(({ key }) => key === row.key)) row.key = FORGOTTEN
    renameKeys(row, held)
    for (const holding of held)
      holding.keyAge = row.used === null && holding.key !== null ? Math.min(holding.keyAge, row.made) : longer
  }
  for (const holding of holdings)
    if (!rows.some(({ generation }) => generation === holding.token))
      Object.assign(holding, { key: null, keyAge: longer })
  if (!isDescribed) for (const sent of [stored, ...trips]) Object.assign(sent, { lost: false, stale: false })
  if (!isDescribed) stored.newest = 0
  // It makes no difference which tab sent a request.
  if (trips.length > 1) trips.sort((a, b) => (nameOfTrip(a) < nameOfTrip(b) ? -1 : 1))
}

/** Counts generations from the oldest row as 1; every token whose row is gone is 0, and so is the first of all. */
function renumber({ rows, stored }: State, holdings: Holding[]): void {
  const oldest = rows[0]?.generation ?? 0
  if (oldest === 0) return
  for (const holding of holdings) holding.token = Math.max(0, holding.token - oldest + 1)
  for (const row of rows) row.generation -= oldest - 1
  stored.newest = Math.max(0, stored.newest - oldest + 1)
}

/** Names the attempts of one token by their order. */
function renameKeys(row: Row, held: Holding[]): void {
  const names = new Map<string, string>([[FORGOTTEN, FORGOTTEN]])
  for (const holder of [row, ...held]) {
    if (holder.key === null) continue
    const name = names.get(holder.key) ?? String(names.size)
    names.set(holder.key, name)
    holder.key = name
  }
}

/** Names an attempt as no other of its token is named. */
export function newKey({ rows, stored, thief, trips }: State, token: number): string {
  const held = [stored, thief, ...trips, ...trips.map(({ answer }) => answer)]
  const inUse = new Set(held.filter((holding) => holding?.token === token).map((holding) => holding?.key))
  inUse.add(rows.find(({ generation }) => generation === token)?.key)
  let name = 1
  while (inUse.has(String(name))) name++
  return String(name)
}

/** Every field is one digit or letter. */
export function nameOf({ rows, stored, thief, trips }: State): string {
  let name = ''
  for (const { generation, made, used, key, by } of rows)
    name += `${generation}${made}${used ?? '-'}${key ?? '-'}${by === null ? '-' : by[0]}`
  name += `|${nameOfSent(stored)}${stored.newest}${stored.age}|`
  if (thief) name += nameOfHolding(thief)
  for (const trip of trips) name += `|${nameOfTrip(trip)}`
  return name
}

function nameOfTrip(trip: Trip): string {
  const { age, answer, givenUp } = trip
  return `${nameOfSent(trip)}${age}${givenUp ? 1 : 0}${answer ? `${nameOfHolding(answer)}${answer.isKept ? 1 : 0}` : ''}`
}

function nameOfSent(sent: Sent): string {
  return `${nameOfHolding(sent)}${sent.lost ? 1 : 0}${sent.stale ? 1 : 0}`
}

function nameOfHolding({ token, key, keyAge }: Holding): string {
  return `${token}${key ?? '-'}${keyAge}`
}

export function copy({ ended, rows, stored, trips, thief }: State): State {
  return {
    ended,
    rows: rows.map((row) => ({ ...row })),
    stored: { ...stored },
    trips: trips.map((trip) => ({ ...trip, answer: trip.answer && { ...trip.answer } })),
    thief: thief && { ...thief },
  }
}
