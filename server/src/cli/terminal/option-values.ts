import { InvalidArgumentError } from 'commander'
import { canonicalIp } from '../../text/ip-address.ts'
import { readIsoTime } from '../../text/iso-time.ts'

// Each function reads the value of an option or argument, or throws an error that commander prints in one line.

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

export function rowCount(text: string): number {
  const count = wholeNumber(text)
  if (count < 1 || count > 100_000) throw new InvalidArgumentError('It must be from 1 to 100000.')
  return count
}

/** Reads an IP address, or a network of IPv6 addresses: `2001:db8::/64`. */
export function network(text: string): string {
  const [, base = text, bits] = /^(.*?)(\/(?:48|56|64))?$/.exec(text) ?? []
  const address = canonicalIp(base)
  if (address === null || (bits !== undefined && !address.includes(':')))
    throw new InvalidArgumentError('It must be an IP address, or an IPv6 network of 48, 56 or 64 bits.')
  return `${address}${bits ?? ''}`
}

/** Adds `NAME=value` to the settings that were read before. */
export function collectSettings(text: string, settings: Record<string, string>): Record<string, string> {
  const [, name, value = ''] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('It must be NAME=value.')
  return { ...settings, [name]: value }
}

/** Returns a point in time, given the time of the database. */
export type When = (now: Date) => Date

const UNIT_MILLISECONDS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Reads `2026-11-21`, `2026-11-21T14:00:00Z`, or an age: `90m`, `24h`, `7d`. */
export function when(text: string): When {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  if (count !== undefined) return (now) => new Date(now.getTime() - Number(count) * (UNIT_MILLISECONDS[unit] ?? 0))
  const time = readIsoTime(text)
  if (time) return () => time
  throw new InvalidArgumentError(
    'Use a time such as 2026-11-21 or 2026-11-21T14:00:00Z, or an age such as 90m, 24h or 7d.',
  )
}
