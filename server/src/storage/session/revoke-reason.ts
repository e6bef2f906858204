/** Why a session ended: by its user, by a rule, or on behalf of an operator. */
export type RevokeReason =
  | 'logout'
  /** By its user, from a list or by the scope of a logout. */
  | 'ended'
  | 'displaced'
  | 'reuse'
  | 'rolled_back'
  | 'password_changed'
  | 'password_reset'
  | 'email_undone'
  | 'disowned'
  | 'disabled'
  | 'operator'
