import type { RefreshKey } from '../../crypto/keys/keys.ts'
import type { MailRow } from '../../storage/notice/outbox.ts'
import { DEFAULT_LOCALE, isLocale, type Locale } from '../../text/locale.ts'
import { en } from '../words/en.ts'
import { ru } from '../words/ru.ts'
import type { FactName, Words } from '../words/words.ts'
import { type Facts, MAIL_FACTS } from './facts.ts'
import { layOut } from './layout.ts'
import { deriveSecrets } from './links.ts'
import type { Message } from './message.ts'
import { formatTime, serviceName } from './phrases.ts'
import type { Sender } from './sender.ts'

const WORDS: Record<Locale, Words> = { en, ru }

/** The mail was written by a newer version. During an update, a replica of that version will send it. */
export class UnknownMailKind extends Error {
  override readonly name = 'UnknownMailKind'
}

/**
 * Renders a mail of the outbox in the language of its user. It has no word that a client chose, such as a name or a user
 * agent: a stranger who signed up with the address could write to its owner. A link or a code is derived here, and nowhere
 * stored.
 *
 * @param keys the key ring; null leaves out link and code, for operators
 * @throws {UnknownMailKind} and {@link RangeError} for data without a time
 */
export function renderMail(
  mail: MailRow,
  sender: Sender,
  keys: readonly [RefreshKey, ...RefreshKey[]] | null,
): Message {
  if (!Object.hasOwn(MAIL_FACTS, mail.kind))
    throw new UnknownMailKind(`mails of the kind ${mail.kind} need a newer version of Tessera`)
  const locale = isLocale(mail.locale) ? mail.locale : DEFAULT_LOCALE
  const words = WORDS[locale]
  const service = serviceName(sender)
  const facts: Facts = MAIL_FACTS[mail.kind](mail.data, words)
  const { action, ...sentences } = words.mails[mail.kind](service)
  const { link, code } = deriveSecrets(mail, sender, { keys, locale })
  const end = mail.token_ends_at && formatTime(mail.token_ends_at.toISOString(), words)
  const content = {
    ...sentences,
    greeting: words.greeting,
    code: code === null ? null : { label: words.code, code },
    action: action === undefined || link === null ? null : { label: action, url: link },
    goodUntil: end !== null && (code !== null || link !== null) ? words.goodUntil(end) : null,
    facts: Object.entries(facts).map(([name, value]) => ({
      label: words.labels[name as FactName],
      value: value ?? words.unknown,
    })),
    home: sender.appUrl === null ? null : { label: words.open(service), url: sender.appUrl },
    closing: words.closing(mail.email, service),
  }
  return layOut(content, locale)
}
