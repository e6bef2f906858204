import type { Locale } from '../../text/locale.ts'
import { mailHtml } from './mail-html.ts'
import type { Message, MessageContent } from './message.ts'

/** Renders a mail as text and as HTML. */
export function layOut(content: MessageContent, locale: Locale): Message {
  return { subject: content.subject, text: asText(content), html: mailHtml(content, locale) }
}

function asText(content: MessageContent): string {
  const { greeting, opening, code, action, goodUntil, facts, sections, home, closing } = content
  const widest = Math.max(...facts.map(({ label }) => label.length)) + 2
  const table = facts.map(({ label, value }) => `  ${`${label}:`.padEnd(widest)}${value}`).join('\n')
  const parts = sections.map(({ heading, paragraphs }) => [heading.toUpperCase(), ...paragraphs].join('\n\n'))
  const secrets = [
    ...(code ? [`${code.label}\n\n  ${code.code}`] : []),
    ...(action ? [`${action.label}:\n${action.url}`] : []),
    ...(goodUntil === null ? [] : [goodUntil]),
  ]
  const end = `-- \n${closing}${home ? ` ${home.url}` : ''}`
  return `${[greeting, opening, ...secrets, table, ...parts, end].join('\n\n')}\n`
}
