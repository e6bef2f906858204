import type { MailKind } from '../storage/mail-data.ts'
import type { MailRow } from '../storage/outbox.ts'
import { DEFAULT_LOCALE, isLocale, type Locale } from '../text/locale.ts'
import { addressChanged } from './address-changed.ts'
import { layOut } from './layout.ts'
import type { Message, MessageContent } from './message.ts'
import { refreshTokenReused } from './refresh-token-reused.ts'
import type { Sender } from './sender.ts'

/** What a message is worded from. */
export interface Occasion {
  data: Record<string, string | null>
  email: string
  firstName: string | null
}

export type Wording = (occasion: Occasion, locale: Locale, sender: Sender) => MessageContent

const WORDINGS: Record<MailKind, Wording> = {
  address_changed: addressChanged,
  refresh_token_reused: refreshTokenReused,
}

/** Only a newer version can word it; during an update, a replica of that version will. */
export class UnknownMailKind extends Error {
  override readonly name = 'UnknownMailKind'
}

/**
 * Words a mail of the outbox in its reader's language.
 *
 * @throws {UnknownMailKind} and {@link RangeError} for data without a time
 */
export function renderMail(mail: MailRow, sender: Sender): Message {
  const wording = WORDINGS[mail.kind]
  if (!wording) throw new UnknownMailKind(`mails of the kind ${mail.kind} are not known to this version`)
  const locale = isLocale(mail.locale) ? mail.locale : DEFAULT_LOCALE
  return layOut(wording({ data: mail.data, email: mail.email, firstName: mail.first_name }, locale, sender), locale)
}
