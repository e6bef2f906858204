import type { Reader } from './setting-values.ts'

type Group =
  | 'server'
  | 'database'
  | 'keys'
  | 'tokens'
  | 'pairs'
  | 'passwords'
  | 'accounts'
  | 'mail'
  | 'https'
  | 'browsers'
  | 'limits'

/** A setting, with everything that reading it, checking its name and documenting it need. */
export interface Setting<Value> {
  /** The environment variable. */
  name: string
  group: Group
  /** Whether it can also be given as `NAME_FILE`, the path of a file that holds the value. */
  secret: boolean
  default: string | null | ByEnvironment
  /** The default in words, for a setting without a fixed default. */
  defaultInWords: string
  unit: 'seconds' | null
  /** The beginning of its description in `docs/configuration.md`. */
  describe: string
  /** Reads the value, or the default if none is set. */
  read(value: string | null, name: string): Value
}

/** A default that production hardens. */
interface ByEnvironment {
  development: string
  production: string
}

type Definition<Value> = Pick<Setting<Value>, 'name' | 'group' | 'describe'> &
  Partial<Pick<Setting<Value>, 'secret' | 'defaultInWords' | 'unit'>>

/** A setting with a default. */
export function withDefault<Value>(
  definition: Definition<Value> & { default: string | ByEnvironment; read: Reader<Value> },
): Setting<Value> {
  const { read } = definition
  return { ...DEFAULTS, ...definition, read: (value, name) => read(value ?? '', name) }
}

/** A setting that is null unless it is set. */
export function optional<Value>(definition: Definition<Value> & { read: Reader<Value> }): Setting<Value | null> {
  const { read } = definition
  return {
    ...DEFAULTS,
    ...definition,
    default: null,
    read: (value, name) => (value === null ? null : read(value, name)),
  }
}

/** A setting that is an empty list unless it is set. */
export function optionalList<Value>(definition: Definition<Value> & { read: Reader<Value> }): Setting<Value> {
  const { read } = definition
  return { ...DEFAULTS, ...definition, default: null, read: (value, name) => read(value ?? '', name) }
}

const DEFAULTS = { secret: false, defaultInWords: 'none', unit: null } as const
