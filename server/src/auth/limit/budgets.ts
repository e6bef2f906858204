import type { DeviceToken } from '../../crypto/device-token.ts'
import { sha256 } from '../../crypto/sha256.ts'
import { findLoginAddresses, hasDevice } from '../../storage/session/sessions.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { clientNetwork, surroundingNetworks } from '../../text/ip-address.ts'
import type { Context } from '../context/context.ts'

/** A number of points per window, for one key. */
export interface Budget {
  key: string
  points: number
  windowSeconds: number
  /** The outcome that gets its point back; none for a budget that counts every attempt. */
  refundedOn?: 'success' | 'refusal'
  /** Called when the budget is spent: whether this client may continue nevertheless. */
  exempt?: () => Promise<boolean>
}

const MINUTE_SECONDS = 60
const QUARTER_HOUR_SECONDS = 900
const HOUR_SECONDS = 3600

/** The failed logins of all clients together in a quarter of an hour. Counted in parts, so that no single row is contended. */
const MAX_FAILURES_OF_ALL = 10_000
const PARTS_OF_ALL = 16

interface LoginAttempt {
  ip: string
  email: string
  device: DeviceToken | null
}

/**
 * Limits failed logins: ten per account and network, a hundred per network, 400 per IPv6 /56 and 1,600 per /48, a hundred
 * per account from all networks, and ten thousand in all. A device that has signed in to the account is spared all of
 * these: neither its neighbours nor an attacker elsewhere can lock it out. It has ten failures of its own. Nor do the
 * limits of an account and of all apply to networks that the user has signed in from. Successful logins have a budget of
 * their own.
 */
export function loginBudgets(ctx: Pick<Context, 'db'>, { ip, email, device }: LoginAttempt): Budget[] {
  const canonical = canonicalEmail(email)
  const account = sha256(canonical ?? email)
  const network = clientNetwork(ip)
  const site = surroundingNetworks(ip)
  const isKnown = once(async () => device !== null && (await isKnownDevice(ctx, canonical ?? '', device)))
  const isKnownHere = once(async () => (await isKnown()) || hasSignedInFrom(ctx, network, canonical ?? ''))
  const failures = (key: string, points: number): Budget => ({
    key: `login ${key}`,
    points,
    windowSeconds: QUARTER_HOUR_SECONDS,
    refundedOn: 'success',
    exempt: isKnown,
  })
  return [
    failures(`${network}`, 100),
    failures(`${network} ${account}`, 10),
    ...(site ? [failures(site.site56, 400), failures(site.site48, 1600)] : []),
    { ...failures(`* ${account}`, 100), exempt: isKnownHere },
    { ...failures(`all ${partOf(network)}`, MAX_FAILURES_OF_ALL / PARTS_OF_ALL), exempt: isKnownHere },
    ...(device ? [ownFailures(device, account)] : []),
    { key: `login-ok ${account}`, points: 600, windowSeconds: HOUR_SECONDS, refundedOn: 'refusal' },
  ]
}

/** The failures of one device at one account: a stolen device token is no free budget. */
function ownFailures({ digest }: DeviceToken, account: string): Budget {
  const key = `login device ${digest} ${account}`
  return { key, points: 10, windowSeconds: QUARTER_HOUR_SECONDS, refundedOn: 'success' }
}

/** Whether a device has signed in to an account. Runs the same statement for accounts that do not exist. */
export function isKnownDevice({ db }: Pick<Context, 'db'>, email: string, { digest }: DeviceToken): Promise<boolean> {
  return hasDevice(db, { email, digest })
}

/** Several budgets ask the same question. */
function once<Value>(ask: () => Promise<Value>): () => Promise<Value> {
  let answer: Promise<Value> | null = null
  return () => (answer ??= ask())
}

function partOf(network: string): number {
  return Buffer.from(sha256(network), 'base64url').readUInt8(0) % PARTS_OF_ALL
}

/** Whether an account has signed in from a network. Runs the same statement for accounts that do not exist. */
async function hasSignedInFrom({ db }: Pick<Context, 'db'>, network: string, email: string): Promise<boolean> {
  const addresses = await findLoginAddresses(db, email)
  return addresses.some((address) => clientNetwork(address) === network)
}

export function signUpBudgets(ip: string): Budget[] {
  const site = surroundingNetworks(ip)
  const networks: [string, number][] = [
    [clientNetwork(ip), 60],
    ...(site
      ? ([
          [site.site56, 240],
          [site.site48, 960],
        ] satisfies [string, number][])
      : []),
  ]
  return networks.map(([network, points]) => ({ key: `sign-up ${network}`, points, windowSeconds: HOUR_SECONDS }))
}

/** Limits the requests per minute of one session or of one network, at endpoints that do no password hashing. */
export function requestBudgets(kind: string, of: string, pointsPerMinute: number): Budget[] {
  return [{ key: `${kind} ${of}`, points: pointsPerMinute, windowSeconds: MINUTE_SECONDS }]
}
