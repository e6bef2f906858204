import type { MailFrom } from '../mail/delivery/sender.ts'
import { canonicalEmail } from '../text/email-address.ts'
import { type IpRanges, parseIpRanges } from '../text/ip-address.ts'
import { ConfigError } from './config-error.ts'
import type { SettingName } from './settings.ts'

// Each reads one kind of value, or throws a ConfigError that names the setting.

export type DatabaseSetting = { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string }

export function database(value: string): DatabaseSetting {
  const file = /^sqlite:(?:\/\/(?=\/))?(?!\/\/)(.+)$/.exec(value)?.[1]
  if (file === ':memory:') throw new ConfigError('DATABASE_URL must name a file: two connections share it.')
  if (file) return { kind: 'sqlite', file }
  if (/^postgres(ql)?:\/\/./.test(value) && URL.canParse(value)) return { kind: 'postgres', url: value }
  throw new ConfigError('DATABASE_URL must look like sqlite:path/to/file.db or postgres://user:password@host/database.')
}

export function oneOf<const T extends string>(value: string, allowed: readonly T[], name: SettingName): T {
  const found = allowed.find((candidate) => candidate === value)
  if (!found)
    throw new ConfigError(`${name} must be ${allowed.join(', ').replace(/, ([^,]*)$/, ' or $1')}, not "${value}".`)
  return found
}

export function whole(value: string, name: SettingName, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
  if (number >= min && number <= max) return number
  throw new ConfigError(`${name} must be a whole number from ${min} to ${max}, not "${value}".`)
}

const TEN_YEARS_SECONDS = 315_360_000

export function seconds(value: string, name: SettingName): number {
  return whole(value, name, 1, TEN_YEARS_SECONDS)
}

export function list(value: string | null): string[] {
  return (value ?? '')
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter(Boolean)
}

export function ranges(value: string | null, name: SettingName): IpRanges {
  try {
    return parseIpRanges(list(value))
  } catch (error) {
    throw new ConfigError(`${name}: ${(error as Error).message}.`)
  }
}

/**
 * A mail server, and nothing else: libraries read options out of the query of such a URL that send mails nowhere, print
 * passwords, or leave TLS out.
 */
export function smtpServer(value: string | null): string | null {
  if (value === null) return null
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
    return decodeURIComponent(username + password) !== null
  } catch {
    return false // a % that encodes nothing
  }
}

/** Secrets may stand in these, so the value is never repeated. */
export function url(value: string | null, name: SettingName, protocols: string[]): string | null {
  if (value === null || (URL.canParse(value) && protocols.includes(new URL(value).protocol))) return value
  throw new ConfigError(
    `${name} must be a URL beginning with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}.`,
  )
}

export function mailSender(value: string | null): MailFrom {
  if (value === null) return null
  const [, quoted, plain, bracketed, bare] =
    /^(?:"([^"]+)"|([^"<>]*?))\s*(?:<([^<>\s]+)>|([^<>\s]+))$/.exec(value) ?? []
  const address = canonicalEmail(bracketed ?? bare ?? '')
  const name = (quoted ?? plain ?? '').trim() || null
  if (address && (bracketed || name === null) && !/\p{C}/u.test(value)) return { name, address }
  throw new ConfigError(
    `MAIL_FROM must look like no-reply@acme.example or Acme <no-reply@acme.example>, not ${JSON.stringify(value)}.`,
  )
}

export function origin(value: string): string {
  if (URL.canParse(value) && new URL(value).origin === value) return value
  throw new ConfigError(`CORS_ORIGINS: "${value}" is not an origin such as https://app.example.com.`)
}
