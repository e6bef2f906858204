import { htmlEscape } from 'escape-goat'

/** Markup that is safe to send: created by {@link html}, or from a constant. */
export class Html {
  readonly #markup: string
  constructor(markup: string) {
    this.#markup = markup
  }
  toString(): string {
    return this.#markup
  }
}

/** A value in a template: text and numbers are escaped, markup is inserted as it is, null is empty. */
type HtmlValue = string | number | null | Html | readonly Html[]

/** Renders a template and escapes every value, so that no name or user agent can inject an element. */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(strings.map((string, index) => string + renderValue(values[index] ?? null)).join(''))
}

function renderValue(value: HtmlValue): string {
  if (value === null) return ''
  if (value instanceof Html) return String(value)
  return typeof value === 'object' ? value.join('') : htmlEscape(String(value))
}
