import type { AuditEventRow } from '../../storage/notice/audit-events.ts'
import type { UserSession } from '../../storage/session/user-sessions.ts'
import { describeDevice } from '../../text/device.ts'
import { Type } from '../endpoint/schema.ts'
import { EXAMPLE_SESSION_ID } from './examples.ts'

const time = Type.String({ format: 'date-time' })
const nullable = (schema: ReturnType<typeof Type.String>) => Type.Union([schema, Type.Null()])

const fields = {
  id: Type.String({ format: 'uuid' }),
  current: Type.Boolean({ description: 'Whether the access token of the request belongs to it.' }),
  kind: Type.Enum(['login', 'pair'], { type: 'string' }),
  device: { ...nullable(Type.String()), description: 'The browser and the system, as far as they are known.' },
  ip: Type.String(),
  created_at: time,
  refreshed_at: nullable(time),
  expires_at: time,
  auth_time: time,
  amr: Type.Array(Type.String(), { description: 'How the user authenticated (RFC 8176).' }),
  refreshes: Type.Union([Type.Integer({ format: 'int32' }), Type.Null()], {
    description: 'How often it was refreshed; null when that is not stored any more.',
  }),
}

/** A session as the API returns it to its user. */
export const SessionSchema = Type.Object(fields)

export const SessionWithEndSchema = Type.Object({
  ...fields,
  ended_at: nullable(time),
  end_reason: { ...nullable(Type.String()), description: 'Why it ended; null while it is active.' },
})

export const SessionEventSchema = Type.Object({
  at: time,
  kind: Type.String(),
  ip: nullable(Type.String()),
  device: nullable(Type.String()),
  details: Type.Object({}, { additionalProperties: true }),
})

export function sessionView(session: UserSession, currentId: string) {
  return {
    id: session.id,
    current: session.id === currentId,
    kind: session.kind,
    device: deviceName(session.user_agent),
    ip: session.ip,
    created_at: session.created_at.toISOString(),
    refreshed_at: session.refreshed_at?.toISOString() ?? null,
    expires_at: session.expires_at.toISOString(),
    auth_time: session.authenticated_at.toISOString(),
    amr: session.amr.split(' '),
    refreshes: session.refreshes,
  }
}

/** Adds when and why the session ended. A session that reached its absolute end is `expired`. */
export function sessionWithEndView(session: UserSession, currentId: string, now: Date) {
  const expiredAt = session.expires_at <= now ? session.expires_at : null
  const ended =
    session.revoked_at !== null
      ? { ended_at: session.revoked_at.toISOString(), end_reason: session.revoke_reason }
      : { ended_at: expiredAt?.toISOString() ?? null, end_reason: expiredAt && 'expired' }
  return { ...sessionView(session, currentId), ...ended }
}

export function sessionEventView({ at, kind, ip, user_agent, details }: AuditEventRow) {
  return { at: at.toISOString(), kind, ip, device: deviceName(user_agent), details }
}

/** `Chrome on macOS` */
function deviceName(userAgent: string | null): string | null {
  return describeDevice(userAgent)?.replace(', ', ' on ') ?? null
}

export const EXAMPLE_SESSION = {
  id: EXAMPLE_SESSION_ID,
  current: true,
  kind: 'login',
  device: 'Chrome on macOS',
  ip: '203.0.113.7',
  created_at: '2024-01-01T00:00:00.000Z',
  refreshed_at: '2024-01-02T00:00:00.000Z',
  expires_at: '2024-01-31T00:00:00.000Z',
  auth_time: '2024-01-01T00:00:00.000Z',
  amr: ['pwd'],
  refreshes: 17,
}
