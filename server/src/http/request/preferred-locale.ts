import type { FastifyRequest } from 'fastify'
import type { Locale } from '../../text/locale.ts'

/** Returns the language for mails: Russian if it is the browser's first language, else English. */
export function preferredLocale({ headers }: FastifyRequest): Locale {
  return /^\s*ru\b/i.test(headers['accept-language'] ?? '') ? 'ru' : 'en'
}
