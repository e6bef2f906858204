import type { MailFrom } from '../../config/setting-values.ts'

/** The sender of the mails; users know the service by its name. */
export interface Sender {
  name: string | null
  address: string
  /** The address where users reach the service, from `PUBLIC_URL`. */
  publicUrl: string | null
}

/** Returns the sender from the settings, or a placeholder to show mails with if `MAIL_FROM` is not set. */
export function senderFrom({ mailFrom, publicUrl }: { mailFrom: MailFrom | null; publicUrl: string | null }): Sender {
  return { ...(mailFrom ?? { name: 'Tessera', address: 'tessera@localhost' }), publicUrl }
}
