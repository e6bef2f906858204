/** Bounds the recursion of parsers and validators; no body of the API nests this deeply. */
const MAX_DEPTH = 16

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a]
const OPENING = new Set([0x7b, 0x5b])
const CLOSING = new Set([0x7d, 0x5d])

/** An escape of anything but a character beyond ASCII. */
const ASCII_ESCAPE = /\\(?!u(?!00[0-7])[0-9a-fA-F]{4})/

/**
 * Counts the keys in a JSON text, duplicates included. Stops and returns null if it nests too deeply or if a key contains
 * an escaped ASCII character: no key of the API needs one, and V8's parser has mistaken one such key for another. Other
 * letters may be escaped, as some languages write them.
 */
export function countWrittenKeys(text: string): number | null {
  let [keys, depth, lastEscaped] = [0, 0, false]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = endOfString(text, at)
      lastEscaped = ASCII_ESCAPE.test(text.slice(at, end))
      at = end
    } else if (code === COLON && lastEscaped) return null
    else if (code === COLON) keys++
    else if (CLOSING.has(code)) depth--
    else if (OPENING.has(code) && ++depth > MAX_DEPTH) return null
  }
  return keys
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at
}

/** Counts the keys of a parsed value: fewer than were written if a key was written twice, in whatever form. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inside = Object.values(value).reduce((sum: number, inner) => sum + countKeys(inner), 0)
  return inside + (Array.isArray(value) ? 0 : Object.keys(value).length)
}
