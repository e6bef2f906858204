const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes bytes to the letter; null where they are not UTF-8. A byte order mark stays in the text. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes)
  } catch {
    return null
  }
}
