import type { MailFrom } from '../../config/settings/setting-values.ts'
import type { Purpose } from '../../storage/account/one-time-tokens.ts'

/** The sender of the mails, and the places that they link to. */
export interface Sender {
  /** The name that users know the service by; null if none is set. */
  name: string | null
  address: string
  /** The address of the app itself. */
  appUrl: string | null
  /** The address where browsers reach this server, without a slash at its end; null if it is unknown. */
  publicUrl: string | null
  /** The pages that take links, where they are not this server's own. */
  ownPages: OwnPages
}

/** Pages of the service itself for links of a purpose, each a URL with `{token}`. */
export type OwnPages = Readonly<Partial<Record<Purpose, string>>>

interface SenderSettings {
  mailFrom: MailFrom | null
  appName: string | null
  appUrl: string | null
  publicUrl: string | null
  production: boolean
  port: number
  passwordResetUrl: string | null
  emailVerificationUrl: string | null
  emailConfirmationUrl: string | null
  emailUndoUrl: string | null
  notMeUrl: string | null
}

/** Returns the sender from the settings, or a placeholder to show mails with if `MAIL_FROM` is not set. */
export function senderFrom(settings: SenderSettings): Sender {
  const { mailFrom, appName, appUrl, publicUrl, production, port } = settings
  const { name, address } = mailFrom ?? { name: 'Tessera', address: 'tessera@localhost' }
  // Links of a development server lead to itself; an address out of a request is never used.
  const reached = publicUrl ?? (production ? null : `http://localhost:${port}`)
  return {
    name: appName ?? name,
    address,
    appUrl,
    publicUrl: reached?.replace(/\/+$/, '') ?? null,
    ownPages: {
      ...(settings.passwordResetUrl !== null && { reset_password: settings.passwordResetUrl }),
      ...(settings.emailVerificationUrl !== null && { verify_email: settings.emailVerificationUrl }),
      ...(settings.emailConfirmationUrl !== null && { change_email: settings.emailConfirmationUrl }),
      ...(settings.emailUndoUrl !== null && { undo_email: settings.emailUndoUrl }),
      ...(settings.notMeUrl !== null && { not_me: settings.notMeUrl }),
    },
  }
}
