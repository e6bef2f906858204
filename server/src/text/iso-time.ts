const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}(?::?\d{2})?)?)?$/
const YEAR_ONE = Date.parse('0001-01-01T00:00:00.000Z')

/** Parses an ISO 8601 time, in UTC unless it has an offset. Returns null for anything else and for nonexistent dates. */
export function readIsoTime(text: string): Date | null {
  const [, date, time = '00:00', offset = 'Z'] = ISO.exec(text) ?? []
  if (date === undefined || !isExistingDate(date)) return null
  const at = new Date(`${date}T${time}${offset.length === 3 ? `${offset}:00` : offset}`)
  return at.getTime() >= YEAR_ONE ? at : null
}

/** JavaScript reads the 30th of February as the 2nd of March. */
function isExistingDate(date: string): boolean {
  const day = new Date(`${date}T00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date)
}
