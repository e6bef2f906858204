/**
 * Makes untrusted text safe for a mail or a terminal: one line, without control characters, terminal escapes or
 * bidirectional marks, truncated to a maximum length.
 */
export function singleLine(text: string, maxCharacters: number): string {
  const line = text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
  const characters = [...line]
  return characters.length <= maxCharacters ? line : `${characters.slice(0, maxCharacters - 1).join('')}…`
}
