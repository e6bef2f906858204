const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}(?::?\d{2})?)?)?$/

/** A time in ISO 8601, in UTC unless it says otherwise. Null for anything else, and for days that there are not. */
export function readIsoTime(text: string): Date | null {
  const [, date, time = '00:00', offset = 'Z'] = ISO.exec(text) ?? []
  if (date === undefined) return null
  const at = new Date(`${date}T${time}${offset.length === 3 ? `${offset}:00` : offset}`)
  return at.getTime() >= Date.UTC(1, 0, 1) ? at : null
}
