/** Parses the id of a row in canonical decimal form; null for anything else. */
export function readRecordId(text: string): number | null {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null
}
