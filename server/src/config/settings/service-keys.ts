import { ConfigError } from '../source/config-error.ts'
import { list, type Reader } from './setting-values.ts'

/** The services that a key can open, one scope each. */
export const SERVICE_SCOPES = ['pairs', 'introspect', 'claims', 'metrics', 'revocations'] as const
export type ServiceScope = (typeof SERVICE_SCOPES)[number]

/** A key of `SERVICE_KEYS`. */
export interface ServiceKey {
  /** The service, for the audit; null for a key without a name. */
  name: string | null
  scopes: readonly ServiceScope[]
  key: string
}

/** The scopes of a key alone: a service that can act for every user may also ask about their tokens. */
const SCOPES_OF_BARE_KEY: readonly ServiceScope[] = ['pairs', 'introspect']

const NAME = /^[A-Za-z0-9][\w.-]{0,39}$/
/** The characters that an `Authorization: Bearer` header can carry (RFC 6750, 2.1). No colon is among them. */
const BEARER = /^[\w.~+/-]+=*$/

/** Reads `name:scopes:key` or a key alone. An error names an entry by its place: any part of it may be a secret. */
export const serviceKeys: Reader<readonly ServiceKey[]> = (value, setting) => {
  const keys = list(value).map((entry, index) => readEntry(entry, `${setting}: entry ${index + 1}`))
  for (const [index, { key, name, scopes }] of keys.entries()) {
    const other = keys.slice(0, index).find((earlier) => earlier.key === key)
    if (other && (other.name !== name || String(other.scopes) !== String(scopes)))
      throw new ConfigError(
        `${setting}: entry ${index + 1} has the key of another entry with another name or other scopes; give each its own.`,
      )
  }
  return keys
}

function readEntry(entry: string, place: string): ServiceKey {
  const parts = entry.split(':')
  const [key = ''] = parts.slice(-1)
  if (parts.length !== 1 && parts.length !== 3)
    throw new ConfigError(`${place} must be name:scopes:key, or a key alone, which has no colon.`)
  if (!BEARER.test(key))
    throw new ConfigError(
      `${place} has a key that no Authorization: Bearer header can carry; generate one with: openssl rand -hex 32`,
    )
  if (parts.length === 1) return { name: null, scopes: SCOPES_OF_BARE_KEY, key }
  const [name = '', scopes = ''] = parts
  if (!NAME.test(name))
    throw new ConfigError(
      `${place} must begin with the name of a service: a letter or digit, then up to 39 letters, digits, ".", "_" or "-".`,
    )
  return { name, scopes: readScopes(scopes, place), key }
}

function readScopes(text: string, place: string): ServiceScope[] {
  const names = text.split('+')
  const scopes = SERVICE_SCOPES.filter((scope) => names.includes(scope))
  if (scopes.length === names.length) return scopes
  throw new ConfigError(`${place} must have scopes of ${SERVICE_SCOPES.join(', ')}, joined by "+", each once.`)
}
