/**
 * Text from outside as it may stand in a mail or on a terminal: one line, without control characters, terminal escapes or
 * marks that turn the direction of reading, and cut to a length.
 */
export function singleLine(text: string, maxCharacters: number): string {
  const line = text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
  const characters = [...line]
  return characters.length <= maxCharacters ? line : `${characters.slice(0, maxCharacters - 1).join('')}…`
}

/** {@link singleLine} that no mail client makes a link of: `hxxp` fashion, as security reports write addresses. */
export function defang(text: string, maxCharacters: number): string {
  const defanged = text
    .replaceAll(/:(?=\/\/)/g, '[:]')
    .replaceAll('@', '[at]')
    // Every dot that a reader, or IDNA, could take for one of a host.
    .replaceAll(/(?<=[^\s.])[.。．｡](?=[\p{L}\p{M}-])/gu, '[.]')
  return singleLine(defanged, maxCharacters)
}
