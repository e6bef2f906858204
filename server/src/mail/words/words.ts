import type { MailKind } from '../../storage/notice/mail-data.ts'

/** Every sentence of every mail in one language: a mail without a translation does not compile. */
export interface Words {
  /** BCP 47, for dates. */
  languageTag: string
  unknown: string
  /** @param firstName null where none is known that may be shown */
  greeting(firstName: string | null): string
  closing(email: string, service: string): string
  labels: Record<FactName, string>
  mails: Record<MailKind, (service: string) => MailWords>
}

/** A line in the table of a mail. */
export type FactName = 'time' | 'address' | 'previousAddress' | 'newAddress' | 'device' | 'userAgent'

export interface Section {
  heading: string
  paragraphs: readonly string[]
}

export interface MailWords {
  subject: string
  /** What happened, in one or two sentences. */
  opening: string
  /** What it may mean, and what to do. */
  sections: readonly Section[]
}
