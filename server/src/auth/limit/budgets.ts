import { sha256 } from '../../crypto/sha256.ts'
import { findLoginAddresses } from '../../storage/session/sessions.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { clientNetwork } from '../../text/ip-address.ts'
import type { Context } from '../context/context.ts'

/** So many points in a window, for one key. */
export interface Budget {
  key: string
  points: number
  windowSeconds: number
  /** Asked when it is spent: whether this caller may go on all the same. */
  exempt?: () => Promise<boolean>
}

const QUARTER_HOUR_SECONDS = 900
const HOUR_SECONDS = 3600

/**
 * Ten failures per account and network, a hundred per network, and a hundred per account wherever they come from. The last
 * does not count in networks that the person has a session from: nobody elsewhere can lock them out there. A right login
 * gives its points back.
 */
export function loginBudgets(ctx: Pick<Context, 'db'>, ip: string, email: string): Budget[] {
  const canonical = canonicalEmail(email)
  const account = sha256(canonical ?? email)
  const [network, windowSeconds] = [clientNetwork(ip), QUARTER_HOUR_SECONDS]
  return [
    { key: `login ${network}`, points: 100, windowSeconds },
    { key: `login ${network} ${account}`, points: 10, windowSeconds },
    { key: `login * ${account}`, points: 100, windowSeconds, exempt: () => isKnownFrom(ctx, network, canonical ?? '') },
  ]
}

/** The same statement for accounts that exist and that do not. */
async function isKnownFrom({ db }: Pick<Context, 'db'>, network: string, email: string): Promise<boolean> {
  const addresses = await findLoginAddresses(db, email)
  return addresses.some((address) => clientNetwork(address) === network)
}

export function signUpBudgets(ip: string): Budget[] {
  return [{ key: `sign-up ${clientNetwork(ip)}`, points: 60, windowSeconds: HOUR_SECONDS }]
}

const MINUTE_SECONDS = 60

/** So many calls a minute from one network, at a door whose callers have proved themselves or are about to, cheaply. */
export function networkBudgets(endpoint: string, ip: string, pointsPerMinute: number): Budget[] {
  return [{ key: `${endpoint} ${clientNetwork(ip)}`, points: pointsPerMinute, windowSeconds: MINUTE_SECONDS }]
}
