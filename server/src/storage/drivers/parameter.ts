/** Converts a value to one that both drivers take. Throws for `undefined` and for values that a driver would change. */
export function toParameter(value: unknown): string | number | null {
  if (value === null) return null
  if (typeof value === 'string') {
    if (value.includes('\0')) throw new TypeError('a text parameter contains NUL')
    return value
  }
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (value instanceof Date) return value.toISOString()
  throw new TypeError(`not a database parameter: ${value === undefined ? 'undefined' : typeof value}`)
}
