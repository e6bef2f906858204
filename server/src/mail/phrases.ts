import type { Locale } from '../text/locale.ts'
import type { Sender } from './sender.ts'

/** What people know the service as: the sender's name, else where it is reached. */
export function serviceName({ name, publicUrl, address }: Sender): string {
  if (name !== null) return name
  return publicUrl === null ? (address.split('@')[1] ?? address) : new URL(publicUrl).host
}

// A name of letters only: whoever signs up somebody else's address must not get to write them a message or a link.
const PLAIN_NAME = /^\p{L}[\p{L}\p{M}'’ -]{0,39}$/u

export function greeting(firstName: string | null, locale: Locale): string {
  const name = firstName !== null && PLAIN_NAME.test(firstName) ? firstName : null
  if (locale === 'ru') return name === null ? 'Здравствуйте!' : `Здравствуйте, ${name}!`
  return name === null ? 'Hello,' : `Hello ${name},`
}

/** In UTC, and saying so: where the reader is, nobody knows. */
export function timeInWords(isoTime: string, locale: Locale): string {
  const format = new Intl.DateTimeFormat(locale === 'ru' ? 'ru-RU' : 'en-GB', {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'UTC',
  })
  return `${format.format(new Date(isoTime))} UTC`
}

export function closing(email: string, sender: Sender, locale: Locale): string {
  const link = sender.publicUrl === null ? '' : ` ${sender.publicUrl}`
  return locale === 'ru'
    ? `Это автоматическое сообщение о безопасности учётной записи ${email} в ${serviceName(sender)}.${link}`
    : `This is an automatic security message about the account ${email} at ${serviceName(sender)}.${link}`
}
