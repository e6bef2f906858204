/** A value as text, the same from either database; null stays null. */
export type NormalValue = string | null

/**
 * Writes a value of a row as PostgreSQL reads its type: SQLite keeps times, UUIDs and JSON as text, and true as 1. Values that
 * mean the same have the same text.
 *
 * @param type as PostgreSQL names it
 * @throws {TypeError} for one that cannot be a value of the type
 */
export function normalValue(value: unknown, type: string): NormalValue {
  if (value === null) return null
  switch (type) {
    case 'timestamp with time zone':
      return normalTime(value)
    case 'jsonb':
    case 'json':
      return JSON.stringify(sorted(JSON.parse(String(value))))
    case 'boolean':
      return String(value === true || value === 1)
    case 'uuid':
      return String(value).toLowerCase()
    default:
      if (typeof value !== 'string' && typeof value !== 'number')
        throw new TypeError(`a value has the type ${typeof value}`)
      return String(value)
  }
}

function normalTime(value: unknown): string {
  const time = value instanceof Date ? value : new Date(String(value))
  if (Number.isNaN(time.getTime())) throw new TypeError('a time cannot be read')
  return time.toISOString()
}

/** JSON objects have no order: PostgreSQL keeps their members in one of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, member]) => [name, sorted(member)] as const)
  return Object.fromEntries(members.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
