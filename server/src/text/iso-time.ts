const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}(?::?\d{2})?)?)?$/
const YEAR_ONE = Date.parse('0001-01-01T00:00:00.000Z')

/** A time in ISO 8601, in UTC unless it says otherwise. Null for anything else, and for days that there are not. */
export function readIsoTime(text: string): Date | null {
  const [, date, time = '00:00', offset = 'Z'] = ISO.exec(text) ?? []
  if (date === undefined || !isDay(date)) return null
  const at = new Date(`${date}T${time}${offset.length === 3 ? `${offset}:00` : offset}`)
  return at.getTime() >= YEAR_ONE ? at : null
}

/** JavaScript reads the 30th of February as the 2nd of March. */
function isDay(date: string): boolean {
  const day = new Date(`${date}T00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date)
}
