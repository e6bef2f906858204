import { canonicalEmail } from '../../text/email-address.ts'
import { type IpRanges, parseIpRanges } from '../../text/ip-address.ts'
import { combineRoles } from '../../text/role.ts'
import { ConfigError } from '../source/config-error.ts'

/** Reads one kind of value. @throws {ConfigError} that names the setting */
export type Reader<Value> = (value: string, name: string) => Value

/** The name and address that mails are sent from. */
export interface MailFrom {
  name: string | null
  address: string
}

export function oneOf<const T extends string>(allowed: readonly T[]): Reader<T> {
  return (value, name) => {
    const found = allowed.find((candidate) => candidate === value)
    if (found !== undefined) return found
    throw new ConfigError(`${name} must be ${allowed.join(', ').replace(/, ([^,]*)$/, ' or $1')}, not "${value}".`)
  }
}

export const onOrOff: Reader<boolean> = (value, name) => oneOf(['on', 'off'])(value, name) === 'on'

export function wholeNumber(min: number, max: number): Reader<number> {
  return (value, name) => {
    const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
    if (number >= min && number <= max) return number
    throw new ConfigError(`${name} must be a whole number from ${min} to ${max}, not "${value}".`)
  }
}

const TEN_YEARS_SECONDS = 315_360_000

const SECONDS_OF_UNIT: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** Reads a time: a number of seconds, or a number with one of the units `s`, `m`, `h` and `d`. */
export function seconds(min: number, max: number): Reader<number> {
  return (value, name) => {
    const [, digits, unit = ''] = /^(\d{1,10})([smhd])?$/.exec(value) ?? []
    const number = digits === undefined ? Number.NaN : Number(digits) * (SECONDS_OF_UNIT[unit] ?? 1)
    if (number >= min && number <= max) return number
    throw new ConfigError(
      `${name} must be a whole number of seconds from ${min} to ${max}, or a number with s, m, h or d, not "${value}".`,
    )
  }
}

export const lifetimeSeconds = seconds(1, TEN_YEARS_SECONDS)

const UNIT_SECONDS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/** Reads a time as seconds, or as a number with a unit: `86400` is `24h` and `1d`. */
export const duration: Reader<number> = (value, name) => {
  const [, count = '', unit = ''] = /^(\d{1,10})([smhd]?)$/.exec(value) ?? []
  const seconds = count === '' ? Number.NaN : Number(count) * (UNIT_SECONDS[unit] ?? 1)
  if (seconds <= TEN_YEARS_SECONDS) return seconds
  throw new ConfigError(`${name} must be seconds, or a number with s, m, h or d, of ten years at most, not "${value}".`)
}

/** Reads a time as seconds; null for `off`. */
export const durationOrOff: Reader<number | null> = (value, name) => (value === 'off' ? null : duration(value, name))

const DAY_SECONDS = 86_400

/** Reads how long something is kept: a day at least, so that a number meant as days is refused; null for `off`. */
export const retention: Reader<number | null> = (value, name) =>
  value === 'off' ? null : seconds(DAY_SECONDS, TEN_YEARS_SECONDS)(value, name)

export const text: Reader<string> = (value) => value

const MAX_SHORT_TEXT_BYTES = 256

/** Reads a text that goes into every token. */
export const shortText: Reader<string> = (value, name) => {
  if (Buffer.byteLength(value) <= MAX_SHORT_TEXT_BYTES) return value
  throw new ConfigError(`${name} must have ${MAX_SHORT_TEXT_BYTES} bytes or less.`)
}

/** Splits a text at commas and line ends, and drops empty entries. */
export function list(value: string): string[] {
  return value
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter(Boolean)
}

/** Reads names of roles, in addition to those that there always are. */
export const roles: Reader<readonly string[]> = (value, name) => {
  try {
    return combineRoles(list(value))
  } catch (error) {
    throw new ConfigError(`${name}: ${(error as Error).message}.`)
  }
}

export const ipRanges: Reader<IpRanges> = (value, name) => {
  try {
    return parseIpRanges(list(value))
  } catch (error) {
    throw new ConfigError(`${name}: ${(error as Error).message}.`)
  }
}

/**
 * Reads the URL of a mail server. It must have no path and no options: mail libraries accept options there that discard
 * mails, print passwords or disable TLS.
 */
export function smtpServer(value: string): string {
  const parsed = /^smtps?:\/\/[^/?#]/.test(value) && URL.canParse(value) ? new URL(value) : null
  if (
    parsed?.hostname &&
    canDecode(parsed) &&
    /^\/?$/.test(parsed.pathname) &&
    parsed.search === '' &&
    parsed.hash === ''
  )
    return value
  throw new ConfigError(
    'SMTP_URL must look like smtp://user:password@host:587 or smtps://…:465, without path or options.',
  )
}

function canDecode({ username, password }: URL): boolean {
  try {
    return [username, password].every((part) => decodeURIComponent(part) !== null)
  } catch {
    return false // a % that begins no escape
  }
}

/** Reads a URL. An error never repeats its value, which may contain secrets. */
export function url(protocols: readonly string[]): Reader<string> {
  return (value, name) => {
    const [scheme = ''] = /^[a-z]+:/.exec(value) ?? []
    if (URL.canParse(value) && protocols.includes(scheme)) return value
    const beginnings = protocols.map((protocol) => `${protocol}//`)
    throw new ConfigError(`${name} must be a URL beginning with ${beginnings.join(' or ')}.`)
  }
}

const TOKEN = '{token}'

/** Reads the URL of a page for links in mails, with the place of the token in it. */
export const pageUrl: Reader<string> = (value, name) => {
  if (value.includes(TOKEN)) return url(['http:', 'https:'])(value, name)
  throw new ConfigError(`${name} must have ${TOKEN} where the token goes: https://app.example.com/page#token=${TOKEN}.`)
}

export function mailSender(value: string): MailFrom {
  const [, quoted, plain, bracketed, bare] =
    /^(?:"([^"]+)"|([^"<>]*?))\s*(?:<([^<>\s]+)>|([^<>\s]+))$/.exec(value) ?? []
  const address = canonicalEmail(bracketed ?? bare ?? '')
  const name = (quoted ?? plain ?? '').trim() || null
  if (address && (bracketed || name === null) && !/\p{C}/u.test(value)) return { name, address }
  throw new ConfigError(
    `MAIL_FROM must look like no-reply@acme.example or Acme <no-reply@acme.example>, not ${JSON.stringify(value)}.`,
  )
}

/** Reads a list of origins, each written exactly as browsers send it. */
export const origins: Reader<string[]> = (value) => list(value).map(origin)

/** Origins of pages are written as browsers send them; those of apps and extensions have a scheme of their own. */
function origin(value: string): string {
  const [, scheme = ''] = /^([a-z][a-z0-9+.-]*):\/\/[^\s/?#@*,]+$/i.exec(value) ?? []
  if (/^https?$/i.test(scheme) && URL.canParse(value)) return new URL(value).origin
  if (scheme !== '' && !/^(https?|file|data|blob|javascript)$/i.test(scheme)) return value.toLowerCase()
  throw new ConfigError(
    `CORS_ORIGINS: "${value}" is not an origin such as https://app.example.com or capacitor://localhost.`,
  )
}
