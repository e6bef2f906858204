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
}

/** Reads a key that `loginBudgets` or `signUpBudgets` has made. Returns null for any other key. */
export function readLimitKey(key: string): KeyedLimit | null {
  const [kind, first = '', second, third] = key.split(' ')
  if (kind === 'login') return readFailures(first, second ?? null, third ?? null)
  if (kind === 'login-ok')
    return { counts: 'successful logins of the account', maxPoints: MAX_LOGINS, network: null, account: first }
  if (kind === 'sign-up')
    return { counts: 'sign-ups', maxPoints: MAX_SIGN_UPS[sizeOf(first)], network: first, account: null }
  return null
}

function readFailures(first: string, second: string | null, third: string | null): KeyedLimit {
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
