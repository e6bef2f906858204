import type { Section } from '../words/words.ts'

/** What a mail says, in the language of its reader; {@link layOut} makes text and HTML of it. */
export interface MessageContent {
  subject: string
  greeting: string
  /** What happened, in one or two sentences. */
  opening: string
  facts: readonly Fact[]
  /** What it may mean, and what to do. */
  sections: readonly Section[]
  closing: string
}

export interface Fact {
  label: string
  value: string
}

/** A mail as it leaves: a subject and the same words twice. */
export interface Message {
  subject: string
  text: string
  html: string
}
