import type { MailFrom } from '../../config/setting-values.ts'

/** Who the mails are from; people know the service by its name. */
export interface Sender {
  name: string | null
  address: string
  /** Where people reach the service, from `PUBLIC_URL`. */
  publicUrl: string | null
}

/** The sender of the settings; without `MAIL_FROM`, one to show mails with as they would look. */
export function senderFrom({ mailFrom, publicUrl }: { mailFrom: MailFrom | null; publicUrl: string | null }): Sender {
  return { ...(mailFrom ?? { name: 'Tessera', address: 'tessera@localhost' }), publicUrl }
}
