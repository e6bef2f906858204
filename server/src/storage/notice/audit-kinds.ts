/** How long audit events are kept: each class has a time of its own. */
export const AUDIT_CLASSES = ['short', 'normal', 'long'] as const

export type AuditClass = (typeof AUDIT_CLASSES)[number]

/**
 * The class of each kind. `short` is what strangers can cause, in any number; `long` what changed accounts, credentials and
 * the installation; `normal` is the life of sessions.
 */
export const CLASS_OF_KIND = {
  user_registered: 'long',
  user_imported: 'long',
  user_updated: 'long',
  users_exported: 'long',
  user_deleted: 'long',
  user_disabled: 'long',
  user_enabled: 'long',
  role_changed: 'long',
  claims_changed: 'long',
  password_changed: 'long',
  password_reset: 'long',
  password_reset_sent: 'long',
  email_verified: 'long',
  email_change_requested: 'long',
  email_changed: 'long',
  email_undone: 'long',
  disowned: 'long',
  login_succeeded: 'normal',
  login_failed: 'short',
  pair_issued: 'normal',
  logout: 'normal',
  session_ended: 'normal',
  refresh_token_reused: 'normal',
  history_lost: 'normal',
  address_changed: 'normal',
  limits_forgiven: 'long',
  mail_retried: 'long',
  mail_dropped: 'long',
  limit_reached: 'short',
  service_key_refused: 'short',
  cross_site_refused: 'short',
  signing_key_added: 'long',
  signing_key_rotated: 'long',
  signing_key_retired: 'long',
} as const satisfies Record<string, AuditClass>

export type AuditKind = keyof typeof CLASS_OF_KIND

export const AUDIT_KINDS = Object.keys(CLASS_OF_KIND) as AuditKind[]

/** Returns the kinds of a class. */
export function kindsOfClass(auditClass: AuditClass): AuditKind[] {
  return AUDIT_KINDS.filter((kind) => CLASS_OF_KIND[kind] === auditClass)
}
