import type { SessionRow } from '../../storage/session/sessions.ts'

/** `active`, `expired`, or `ended:` with the reason. */
export function sessionState({ revoked_at, revoke_reason, expires_at }: SessionRow, now: Date): string {
  if (revoked_at) return `ended: ${revoke_reason}`
  return expires_at <= now ? 'expired' : 'active'
}
