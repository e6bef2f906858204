/** Reads the id of a row, in its canonical decimal form, up to 2^53 - 1; null for anything else. */
export function readRecordId(text: string): number | null {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(id) ? id : null
}
