import pg from 'pg'
import { Conflict, Unavailable, UniqueViolation } from '../database/errors.ts'

// SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
const CONFLICTS = new Set(['40001', '40P01', '55P03'])
const OUTAGES = new Set(['25006' /* a standby: read only */, '57014' /* statement timeout */])
const OUTAGE_CLASSES = new Set(['08' /* connection */, '53' /* resources, disk full */, '57', '58'])

/** Turns what `pg` throws into the seam's errors; what fits none of them is a bug and stays as it is. */
export function translatePostgresError(error: unknown): never {
  if (error instanceof TypeError) throw error
  const message = `PostgreSQL: ${(error as Error).message}`
  if (!(error instanceof pg.DatabaseError)) {
    // Not said by the server, so about the way to it; `pg` has only a message for its own time-out.
    throw new Unavailable(message, { connectionLost: !message.includes('timeout') })
  }
  const code = error.code ?? ''
  if (code === '23505') {
    throw new UniqueViolation(`${error.table}.${/^Key \((.+?)\)=/.exec(error.detail ?? '')?.[1]}`)
  }
  if (CONFLICTS.has(code)) throw new Conflict(message)
  if (OUTAGES.has(code) || OUTAGE_CLASSES.has(code.slice(0, 2))) {
    throw new Unavailable(message, { connectionLost: code.startsWith('57P') })
  }
  throw error
}
