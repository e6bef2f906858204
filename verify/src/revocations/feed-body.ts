/** One answer of the list, checked. */
export interface FeedBody {
  /** When this answer was made, by the issuer's clock. */
  iat: number
  cursor: string
  /** The longest that an access token may live, in seconds. */
  lifetime: number
  /** Hashes of ended sessions. */
  sessions: readonly string[]
  /** Hashes of users, with the least version of tokens that is still good. */
  subjects: readonly (readonly [hash: string, leastVersion: number])[]
  /** Ids of keys that are trusted no more. */
  keys: readonly string[]
  /** Sessions below this UUID (version 7, in the order of time) have ended. */
  sessionsBefore: string | null
  hasMore: boolean
}

const HASH = /^[\w-]{22}$/
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/** @throws {Error} for an answer that is not all of the form: a part of it could be missing */
export function readFeedBody(value: unknown): FeedBody {
  check(typeof value === 'object' && value !== null, 'it is no object')
  const { iat, cursor, lifetime, sessions, subjects, keys, sessions_before, more } = value as Record<string, unknown>
  check(isWhole(iat) && iat > 0, 'iat')
  check(typeof cursor === 'string' && cursor !== '', 'cursor')
  check(isWhole(lifetime) && lifetime > 0, 'lifetime')
  const bound = sessions_before ?? null
  check(bound === null || (typeof bound === 'string' && UUID.test(bound)), 'sessions_before')
  check(more === undefined || typeof more === 'boolean', 'more')
  return {
    iat,
    cursor,
    lifetime,
    sessions: list(sessions, 'sessions').map((entry) => pairOf(entry, 'sessions')[0]),
    subjects: list(subjects, 'subjects').map((entry) => pairOf(entry, 'subjects')),
    keys: list(keys, 'keys').map((kid) => {
      check(typeof kid === 'string', 'keys')
      return kid
    }),
    sessionsBefore: bound === null ? null : bound.toLowerCase(),
    hasMore: more === true,
  }
}

function check(holds: boolean, part: string): asserts holds {
  if (!holds) throw new Error(`The list of endings is not of its form: ${part}`)
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)

function list(value: unknown, part: string): readonly unknown[] {
  check(value === undefined || Array.isArray(value), part)
  return value ?? []
}

function pairOf(entry: unknown, part: string): readonly [string, number] {
  check(Array.isArray(entry) && typeof entry[0] === 'string' && HASH.test(entry[0]) && isWhole(entry[1]), part)
  return [entry[0], entry[1]]
}
