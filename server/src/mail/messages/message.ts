import type { Section } from '../words/words.ts'

/** The content of a mail in the language of its reader; {@link layOut} renders it as text and HTML. */
export interface MessageContent {
  subject: string
  greeting: string
  /** The event, in one or two sentences. */
  opening: string
  facts: readonly Fact[]
  /** The possible causes, and the next steps. */
  sections: readonly Section[]
  closing: string
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
