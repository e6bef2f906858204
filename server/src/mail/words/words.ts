import type { MailKind } from '../../storage/notice/mail-data.ts'

/** All sentences of all mails in one language: a missing translation does not compile. */
export interface Words {
  /** A BCP 47 tag, for dates. */
  languageTag: string
  unknown: string
  greeting: string
  /** The label of the link to the service. */
  open(service: string): string
  closing(email: string, service: string): string
  /** Introduces the code of a mail. */
  code: string
  /** Says when a link and a code stop being good. */
  goodUntil(time: string): string
  labels: Record<FactName, string>
  mails: Record<MailKind, (service: string) => MailWords>
}

/** A row in the table of a mail. */
export type FactName = 'time' | 'address' | 'previousAddress' | 'newAddress' | 'device' | 'newEmail'

export interface Section {
  heading: string
  paragraphs: readonly string[]
}

export interface MailWords {
  subject: string
  /** The event, in one or two sentences. */
  opening: string
  /** The text of the button; none for a mail without a link. */
  action?: string
  /** The possible causes, and the next steps. */
  sections: readonly Section[]
}
