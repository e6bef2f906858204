import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Colours of states, by their first word; others have none. */
const STATE_STYLES: Readonly<Record<string, Style>> = {
  active: 'green',
  sent: 'green',
  waiting: 'yellow',

  disabled: 'red',
  failed: 'red',
  ended: 'dim',
  expired: 'dim',
}

/** Styles text of standard output if that is a terminal; `NO_COLOR` and `FORCE_COLOR` decide otherwise. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

/** Styles the name of a state, which may be padded. */
export function styledState(text: string): string {
  const style = STATE_STYLES[/^\w*/.exec(text)?.[0] ?? '']
  return style === undefined ? text : styled(style, text)
}
