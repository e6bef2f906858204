/** Why sessions end: by their user, by a rule, or on behalf of an operator. */
export const REVOKE_REASONS = [
  'logout',
  /** By its user, from a list or by the scope of a logout. */
  'ended',
  'displaced',
  'reuse',
  'rolled_back',
  'password_changed',
  'password_reset',
  'email_undone',
  'disowned',
  'disabled',
  'operator',
] as const

export type RevokeReason = (typeof REVOKE_REASONS)[number]
