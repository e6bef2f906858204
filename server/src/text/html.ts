import { htmlEscape } from 'escape-goat'

/** Markup that is safe to send: made by {@link html}, or of a constant. */
export class Html {
  readonly #markup: string
  constructor(markup: string) {
    this.#markup = markup
  }
  toString(): string {
    return this.#markup
  }
}

/** What stands in a template's gaps: text and numbers are escaped, markup goes in as it is, null is nothing. */
export type HtmlValue = string | number | null | Html | readonly Html[]

/** A template of markup whose every gap is escaped, so that nobody's name or user agent becomes an element. */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(strings.map((string, index) => string + markupOf(values[index] ?? null)).join(''))
}

function markupOf(value: HtmlValue): string {
  if (value === null) return ''
  if (value instanceof Html) return String(value)
  return typeof value === 'object' ? value.join('') : htmlEscape(String(value))
}
