import pg from 'pg'

const INT8 = 20
const JSON_TYPE = 114
const JSONB = 3802
const TIMESTAMPTZ = 1184

/**
 * Returns the parser of a type, as `Queries` promises: 64-bit ids are numbers, JSON stays text as on SQLite, times are
 * dates. The parser throws a TypeError for a time that cannot be read: null would mean "never disabled" or "not revoked".
 */
export function typeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8) return Number
  if (oid === JSON_TYPE || oid === JSONB) return String
  const parse = pg.types.getTypeParser(oid, format as 'text')
  return oid === TIMESTAMPTZ ? (value) => requireDate(parse(value)) : parse
}

function requireDate(parsed: unknown): Date {
  if (parsed instanceof Date && !Number.isNaN(parsed.getTime())) return parsed
  throw new TypeError('a time from the database cannot be read')
}

/** A client that makes the server format values as {@link typeParser} reads them, whatever the database's settings are. */
export class PostgresClient extends pg.Client {
  /** Returns the startup parameters of a connection. Poolers keep these, while the effect of a `set` would be lost. */
  getStartupConf(): Record<string, string> {
    const parent = pg.Client.prototype as unknown as { getStartupConf(): Record<string, string> }
    return { ...parent.getStartupConf.call(this), DateStyle: 'ISO, MDY', client_encoding: 'UTF8' }
  }
}
