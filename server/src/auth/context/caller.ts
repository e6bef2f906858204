import type { Role, UserProfile } from '../../storage/account/users.ts'

/** A client with a valid access token: the user it acts for, and its session. */
export interface Caller {
  userId: number
  guid: string
  role: Role
  sessionId: string
  /** When the user authenticated (`auth_time` of OpenID Connect Core, 2). */
  authenticatedAt: Date
  /** How the user authenticated (`amr`, RFC 8176). */
  methods: readonly string[]
  /** The user's own profile, read by the same statement. */
  profile: UserProfile
}
