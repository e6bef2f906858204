import { domainToASCII } from 'node:url'

const MAX_ADDRESS_CHARACTERS = 254 // RFC 5321, 4.5.3.1.3, less the angle brackets
const MAX_LOCAL_PART_CHARACTERS = 64
/** More than any address with surrounding whitespace; longer input is rejected before it is parsed. */
const MAX_INPUT_CHARACTERS = 512

// RFC 5322 dot-atom: no quotes, groups, comments or commas.
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const DOMAIN = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/

/**
 * The canonical form of an email address: trimmed, in lower case, the domain in its ASCII form (IDNA) and without a
 * trailing dot. Only ASCII is accepted before the `@`, so that no case folding can make the addresses of two users equal
 * (CVE-2019-19844).
 *
 * @returns null for anything that mail could not be sent to
 */
export function canonicalEmail(input: string): string | null {
  if (input.length > MAX_INPUT_CHARACTERS) return null
  const [local = '', domain = '', ...rest] = input.replace(/^[ \t]+|[ \t]+$/g, '').split('@')
  if (rest.length > 0 || local.length > MAX_LOCAL_PART_CHARACTERS) return null
  if (!/^[\x21-\x7e]+$/.test(local) || /[\s\p{Cc}@[\]:/?#\\%]/u.test(domain)) return null
  const lowerLocal = local.toLowerCase()
  const asciiDomain = domainToASCII(domain.normalize('NFC').replace(/\.$/, '')).toLowerCase()
  if (!LOCAL_PART.test(lowerLocal) || !DOMAIN.test(asciiDomain)) return null
  if (asciiDomain.split('.').some((label) => label.length > 63)) return null
  const address = `${lowerLocal}@${asciiDomain}`
  return address.length <= MAX_ADDRESS_CHARACTERS ? address : null
}
