import type { Words } from '../words/words.ts'
import type { Sender } from './sender.ts'

/** Returns the name that users know the service by: the sender's name, or else its host. */
export function serviceName({ name, appUrl, publicUrl, address }: Sender): string {
  if (name !== null) return name
  const url = appUrl ?? publicUrl
  return url === null ? (address.split('@')[1] ?? address) : new URL(url).host
}

/** Formats a time in UTC, since the reader's time zone is unknown. @throws {RangeError} if it is not a time */
export function formatTime(isoTime: string | null | undefined, { languageTag }: Words): string {
  const format = new Intl.DateTimeFormat(languageTag, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  return `${format.format(new Date(isoTime ?? ''))} UTC`
}
