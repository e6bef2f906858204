import type { Words } from '../words/words.ts'
import type { Sender } from './sender.ts'

/** The name that users know the service by: the sender's, else the host where it is reached. */
export function serviceName({ name, publicUrl, address }: Sender): string {
  if (name !== null) return name
  return publicUrl === null ? (address.split('@')[1] ?? address) : new URL(publicUrl).host
}

const PLAIN_NAME = /^\p{L}[\p{L}\p{M}'’ -]{0,39}$/u

/**
 * A first name that a mail may show: letters only, since an attacker who signs up with the address of somebody else must
 * not get to write them a message or a link. Null for any other.
 */
export function plainName(firstName: string | null): string | null {
  return firstName !== null && PLAIN_NAME.test(firstName) ? firstName : null
}

/** In UTC, and saying so: the time zone of the reader is not known. @throws {RangeError} for what is not a time */
export function timeInWords(isoTime: string | null | undefined, { languageTag }: Words): string {
  const format = new Intl.DateTimeFormat(languageTag, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  return `${format.format(new Date(isoTime ?? ''))} UTC`
}
