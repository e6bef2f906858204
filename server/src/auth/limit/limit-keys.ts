import { sha256 } from '../../crypto/hashing/sha256.ts'

/** The failures of all clients together. They are counted in parts, so that no single row is contended. */
const MAX_FAILURES_OF_ALL = 10_000
export const PARTS_OF_ALL = 16

/** Failed logins in a quarter of an hour. */
export const MAX_LOGIN_FAILURES = {
  accountAndNetwork: 10,
  device: 10,
  account: 100,
  network: 100,
  site56: 400,
  site48: 1600,
  partOfAll: MAX_FAILURES_OF_ALL / PARTS_OF_ALL,
}

/** Successful logins of an account in an hour. */
export const MAX_LOGINS = 600

/** Sign-ups in an hour. */
export const MAX_SIGN_UPS = { network: 60, site56: 240, site48: 960 }

/** Wrong current passwords that a user sends, and codes that a user tries: in a quarter of an hour, and in a day. */
export const MAX_PROOFS = { quarterHour: 10, day: 30 }

/** Mails that a network asks for in an hour. */
export const MAX_MAIL_REQUESTS = 60

/** Changes of address that a user asks for in an hour. */
export const MAX_EMAIL_CHANGES = 5

/** The limits of a user, by the first word of their key; the second is the user's id. */
const USER_LIMITS: Record<string, Pick<KeyedLimit, 'counts' | 'maxPoints'>> = {
  'current-password': { counts: 'wrong current passwords of the user', maxPoints: MAX_PROOFS.quarterHour },
  'current-password-day': { counts: 'wrong current passwords of the user in a day', maxPoints: MAX_PROOFS.day },
  code: { counts: 'codes that the user tried', maxPoints: MAX_PROOFS.quarterHour },
  'code-day': { counts: 'codes that the user tried in a day', maxPoints: MAX_PROOFS.day },
  'email-change': { counts: 'changes of address that the user asked for', maxPoints: MAX_EMAIL_CHANGES },
}

/** Names an account in keys: a reader of the store learns no addresses. */
export function accountKey(email: string): string {
  return sha256(email)
}

/** The meaning of a key of a shared limit. */
export interface KeyedLimit {
  /** The attempts that count, in words for operators. */
  counts: string
  maxPoints: number
  network: string | null
  /** As {@link accountKey} names it. */
  account: string | null
  /** The user, where an id names them. */
  userId: number | null
}

/** Reads a key of a budget that the servers share. Returns null for any other key. */
export function readLimitKey(key: string): KeyedLimit | null {
  const [kind = '', first = ''] = key.split(' ')
  const ofUser = Object.hasOwn(USER_LIMITS, kind) ? USER_LIMITS[kind] : undefined
  if (ofUser) return { ...ofUser, network: null, account: null, userId: Number(first) }
  const ofNetwork = readNetworkLimit(key)
  return ofNetwork && { ...ofNetwork, userId: null }
}

type NetworkLimit = Omit<KeyedLimit, 'userId'>

function readNetworkLimit(key: string): NetworkLimit | null {
  const [kind, first = '', second, third] = key.split(' ')
  if (kind === 'login') return readFailures(first, second ?? null, third ?? null)
  if (kind === 'login-ok')
    return { counts: 'successful logins of the account', maxPoints: MAX_LOGINS, network: null, account: first }
  if (kind === 'sign-up')
    return { counts: 'sign-ups', maxPoints: MAX_SIGN_UPS[sizeOf(first)], network: first, account: null }
  if (kind === 'mail-request')
    return { counts: 'mails that the network asked for', maxPoints: MAX_MAIL_REQUESTS, network: first, account: null }
  return null
}

function readFailures(first: string, second: string | null, third: string | null): NetworkLimit {
  const failures = MAX_LOGIN_FAILURES
  if (first === '*')
    return { counts: 'failed logins of the account', maxPoints: failures.account, network: null, account: second }
  if (first === 'all')
    return { counts: 'failed logins in all', maxPoints: failures.partOfAll, network: null, account: null }
  if (first === 'device')
    return { counts: 'failed logins of a known device', maxPoints: failures.device, network: null, account: third }
  if (second === null)
    return { counts: 'failed logins of the network', maxPoints: failures[sizeOf(first)], network: first, account: null }
  const counts = 'failed logins of the account from the network'
  return { counts, maxPoints: failures.accountAndNetwork, network: first, account: second }
}

function sizeOf(network: string): 'network' | 'site56' | 'site48' {
  if (network.endsWith('/56')) return 'site56'
  return network.endsWith('/48') ? 'site48' : 'network'
}
