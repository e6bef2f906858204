type Element = string | number | boolean | Date | null

/** Writes an array as one parameter of PostgreSQL, which the statement casts to the array's type. */
export function arrayParameter(elements: readonly Element[]): string {
  return `{${elements.map(writeElement).join(',')}}`
}

function writeElement(element: Element): string {
  if (element === null) return 'null'
  if (element instanceof Date) return `"${element.toISOString()}"`
  if (typeof element === 'string') return `"${element.replace(/["\\]/g, '\\$&')}"`
  if (typeof element === 'boolean' || Number.isFinite(element)) return String(element)
  throw new TypeError(`not an element of a database parameter: ${element === undefined ? 'undefined' : typeof element}`)
}
