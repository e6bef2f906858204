import type { Section } from '../words/words.ts'

/** The content of a mail in the language of its reader; {@link layOut} renders it as text and HTML. */
export interface MessageContent {
  subject: string
  greeting: string
  /** The event, in one or two sentences. */
  opening: string
  /** A code to type; null if the mail has none. */
  code: { label: string; code: string } | null
  /** The link, and the text of its button; null if the mail has none. */
  action: Link | null
  /** Says until when code and link are good; null if the mail has neither. */
  goodUntil: string | null
  facts: readonly Fact[]
  /** The possible causes, and the next steps. */
  sections: readonly Section[]
  /** The address of the service: a button in a mail without another link. Null if it is not set. */
  home: Link | null
  closing: string
}

export interface Link {
  label: string
  url: string
}

interface Fact {
  label: string
  value: string
}

/** A mail ready to send: a subject, and the same content as text and as HTML. */
export interface Message {
  subject: string
  text: string
  html: string
}
