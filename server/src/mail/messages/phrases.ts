import type { Words } from '../words/words.ts'
import type { Sender } from './sender.ts'

/** Returns the name that users know the service by: the sender's name, or else its host. */
export function serviceName({ name, publicUrl, address }: Sender): string {
  if (name !== null) return name
  return publicUrl === null ? (address.split('@')[1] ?? address) : new URL(publicUrl).host
}

const PLAIN_NAME = /^\p{L}[\p{L}\p{M}'’ -]{0,39}$/u

/**
 * Returns a first name that a mail may show: letters, spaces, hyphens and apostrophes only, so that an attacker who signs
 * up with someone else's address cannot send them a message or a link. Null for any other name.
 */
export function plainName(firstName: string | null): string | null {
  return firstName !== null && PLAIN_NAME.test(firstName) ? firstName : null
}

/** Formats a time in UTC, since the reader's time zone is unknown. @throws {RangeError} if it is not a time */
export function formatTime(isoTime: string | null | undefined, { languageTag }: Words): string {
  const format = new Intl.DateTimeFormat(languageTag, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  return `${format.format(new Date(isoTime ?? ''))} UTC`
}
