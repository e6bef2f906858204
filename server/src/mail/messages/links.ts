import type { RefreshKey } from '../../crypto/keys/keys.ts'
import { deriveCode, deriveLink } from '../../crypto/tokens/one-time-secrets.ts'
import type { Purpose } from '../../storage/account/one-time-tokens.ts'
import type { MailKind } from '../../storage/notice/mail-data.ts'
import type { MailRow } from '../../storage/notice/outbox.ts'
import type { Locale } from '../../text/locale.ts'
import type { Sender } from './sender.ts'

/** The page of this server that takes the links of a purpose; their token is in the fragment, which no server is sent. */
export const LINK_PAGES: Partial<Record<Purpose, string>> = {
  reset_password: '/reset',
  verify_email: '/verify',
  change_email: '/confirm',
  undo_email: '/undo',
  not_me: '/not_me',
}

/** The mails that carry a code. */
const WITH_CODE: ReadonlySet<MailKind> = new Set([
  'verify_email',
  'confirm_email',
  'email_change_requested',
  'login_code',
  'sign_up_code',
])

interface OneTimeSecrets {
  link: string | null
  code: string | null
}

/** Derives the link and the code of a mail: nothing else knows them. Both are null for a mail without a one-time token. */
export function deriveSecrets(
  mail: MailRow,
  sender: Sender,
  { keys, locale }: { keys: readonly [RefreshKey, ...RefreshKey[]] | null; locale: Locale },
): OneTimeSecrets {
  const { token_id: id, token_purpose: purpose, token_salt: salt } = mail
  if (keys === null || id === null || purpose === null || salt === null) return { link: null, code: null }
  const row = { id, purpose, salt }
  return {
    link: buildLink(purpose as Purpose, deriveLink(keys, row), sender, locale),
    code: WITH_CODE.has(mail.kind) ? deriveCode(keys, row) : null,
  }
}

function buildLink(purpose: Purpose, token: string, { publicUrl, ownPages }: Sender, locale: Locale): string | null {
  const own = ownPages[purpose]
  if (own !== undefined) return own.replaceAll('{token}', token)
  const page = LINK_PAGES[purpose]
  if (page === undefined || publicUrl === null) return null
  return `${publicUrl}${page}?lang=${locale}#token=${token}`
}
