import { sha256 } from '../../crypto/sha256.ts'
import { findLoginAddresses } from '../../storage/session/sessions.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { clientNetwork } from '../../text/ip-address.ts'
import type { Context } from '../context/context.ts'

/** A number of points per window, for one key. */
export interface Budget {
  key: string
  points: number
  windowSeconds: number
  /** Called when the budget is spent: whether this client may continue nevertheless. */
  exempt?: () => Promise<boolean>
}

const QUARTER_HOUR_SECONDS = 900
const HOUR_SECONDS = 3600

/**
 * Limits failed logins: ten per account and network, a hundred per network, and a hundred per account from all networks.
 * The last limit does not apply in networks that the user has signed in from: an attacker elsewhere cannot lock them out
 * there. A successful login is refunded.
 */
export function loginBudgets(ctx: Pick<Context, 'db'>, ip: string, email: string): Budget[] {
  const canonical = canonicalEmail(email)
  const account = sha256(canonical ?? email)
  const [network, windowSeconds] = [clientNetwork(ip), QUARTER_HOUR_SECONDS]
  return [
    { key: `login ${network}`, points: 100, windowSeconds },
    { key: `login ${network} ${account}`, points: 10, windowSeconds },
    {
      key: `login * ${account}`,
      points: 100,
      windowSeconds,
      exempt: () => hasSignedInFrom(ctx, network, canonical ?? ''),
    },
  ]
}

/** Whether an account has signed in from a network. Runs the same statement for accounts that do not exist. */
async function hasSignedInFrom({ db }: Pick<Context, 'db'>, network: string, email: string): Promise<boolean> {
  const addresses = await findLoginAddresses(db, email)
  return addresses.some((address) => clientNetwork(address) === network)
}

export function signUpBudgets(ip: string): Budget[] {
  return [{ key: `sign-up ${clientNetwork(ip)}`, points: 60, windowSeconds: HOUR_SECONDS }]
}

const MINUTE_SECONDS = 60

/** Limits the requests of one network per minute, at endpoints that do no password hashing. */
export function networkBudgets(endpoint: string, ip: string, pointsPerMinute: number): Budget[] {
  return [{ key: `${endpoint} ${clientNetwork(ip)}`, points: pointsPerMinute, windowSeconds: MINUTE_SECONDS }]
}
