import { sha256 } from '../../crypto/hashing/sha256.ts'
import type { DeviceToken } from '../../crypto/tokens/device-token.ts'
import type { LimitPoint } from '../../storage/limits/limit-store.ts'
import { findLoginAddresses, hasDevice } from '../../storage/session/sessions.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { clientNetwork, surroundingNetworks } from '../../text/ip-address.ts'
import type { Context } from '../context/context.ts'
import {
  accountKey,
  MAX_EMAIL_CHANGES,
  MAX_LOGIN_FAILURES,
  MAX_LOGINS,
  MAX_MAIL_REQUESTS,
  MAX_PROOFS,
  MAX_SIGN_UPS,
  PARTS_OF_ALL,
} from './limit-keys.ts'

/** A number of points per window, for one key. */
export interface Budget extends LimitPoint {
  /** The outcome that gets its point back; none for a budget that counts every attempt. */
  refundedOn?: 'success' | 'refusal'
  /** Called when the budget is spent: whether this client may continue nevertheless. */
  exempt?: () => Promise<boolean>
}

const MINUTE_SECONDS = 60
const QUARTER_HOUR_SECONDS = 900
const HOUR_SECONDS = 3600

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
  const account = accountKey(canonical ?? email)
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
    failures(`${network}`, MAX_LOGIN_FAILURES.network),
    failures(`${network} ${account}`, MAX_LOGIN_FAILURES.accountAndNetwork),
    ...(site
      ? [failures(site.site56, MAX_LOGIN_FAILURES.site56), failures(site.site48, MAX_LOGIN_FAILURES.site48)]
      : []),
    { ...failures(`* ${account}`, MAX_LOGIN_FAILURES.account), exempt: isKnownHere },
    { ...failures(`all ${partOf(network)}`, MAX_LOGIN_FAILURES.partOfAll), exempt: isKnownHere },
    ...(device ? [ownFailures(device, account)] : []),
    { key: `login-ok ${account}`, points: MAX_LOGINS, windowSeconds: HOUR_SECONDS, refundedOn: 'refusal' },
  ]
}

/** The failures of one device at one account: a stolen device token is no free budget. */
function ownFailures({ digest }: DeviceToken, account: string): Budget {
  const key = `login device ${digest} ${account}`
  return { key, points: MAX_LOGIN_FAILURES.device, windowSeconds: QUARTER_HOUR_SECONDS, refundedOn: 'success' }
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
    [clientNetwork(ip), MAX_SIGN_UPS.network],
    ...(site
      ? ([
          [site.site56, MAX_SIGN_UPS.site56],
          [site.site48, MAX_SIGN_UPS.site48],
        ] satisfies [string, number][])
      : []),
  ]
  return networks.map(([network, points]) => ({ key: `sign-up ${network}`, points, windowSeconds: HOUR_SECONDS }))
}

const DAY_SECONDS = 86_400

/**
 * Limits the wrong passwords that clients with an access token send, per user: apart from the failures of strangers at the
 * login, who could otherwise keep a user from changing the password.
 */
export function currentPasswordBudgets(userId: number): Budget[] {
  return [
    { key: `current-password ${userId}`, points: MAX_PROOFS.quarterHour, windowSeconds: QUARTER_HOUR_SECONDS },
    { key: `current-password-day ${userId}`, points: MAX_PROOFS.day, windowSeconds: DAY_SECONDS },
  ]
}

/** Limits the codes that a user tries, whichever mail they are of. A right one refunds the first budget only. */
export function codeBudgets(userId: number): Budget[] {
  return [
    { key: `code ${userId}`, points: MAX_PROOFS.quarterHour, windowSeconds: QUARTER_HOUR_SECONDS },
    { key: `code-day ${userId}`, points: MAX_PROOFS.day, windowSeconds: DAY_SECONDS },
  ]
}

/** Limits the mails that a network asks for. Beyond it, requests are answered as before and do nothing. */
export function mailRequestBudgets(ip: string): Budget[] {
  return [{ key: `mail-request ${clientNetwork(ip)}`, points: MAX_MAIL_REQUESTS, windowSeconds: HOUR_SECONDS }]
}

/** Limits the changes of address that a user asks for: each writes to the address before. */
export function emailChangeBudgets(userId: number): Budget[] {
  return [{ key: `email-change ${userId}`, points: MAX_EMAIL_CHANGES, windowSeconds: HOUR_SECONDS }]
}

/** Limits the requests per minute of one session or of one network, at endpoints that do no password hashing. */
export function requestBudgets(kind: string, of: string, pointsPerMinute: number): Budget[] {
  return [{ key: `${kind} ${of}`, points: pointsPerMinute, windowSeconds: MINUTE_SECONDS }]
}
