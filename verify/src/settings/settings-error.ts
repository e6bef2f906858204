/** @throws {TypeError} */
export function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new TypeError(`tessera-verify: ${message}`)
}

/** @throws {TypeError} for a misspelt option, which would silently not apply */
export function rejectUnknown(options: object, names: readonly string[], prefix: string): void {
  for (const name of Object.keys(options))
    check(names.includes(name), `there is no option ${prefix}${name}; there are ${names.join(', ')}`)
}

/** Returns one text or several as a list. @throws {TypeError} for none, and for empty ones */
export function namesOf(value: unknown, name: string): readonly string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  const isText = (entry: unknown) => typeof entry === 'string' && entry.trim() !== ''
  check(list.length > 0 && list.every(isText), `${name} must be a text that is not empty, or a list of such`)
  return list as string[]
}

/** @throws {TypeError} */
export function checkUrl(value: unknown, name: string): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null
  check(
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.hash === '',
    `${name} must be an address such as https://auth.example.com`,
  )
  return value as string
}
