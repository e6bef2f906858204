import type { Role, UserProfile } from '../../storage/account/users.ts'

/** A client that called with a good access token: who it speaks for, and by which session. */
export interface Caller {
  userId: number
  guid: string
  role: Role
  sessionId: string
  /** When the user proved themselves (`auth_time` of OpenID Connect Core, 2). */
  authenticatedAt: Date
  /** How they did (`amr`, RFC 8176). */
  methods: readonly string[]
  /** What the user may see of themselves; the same statement has read it. */
  profile: UserProfile
}
