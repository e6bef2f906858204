import type { Purpose, TokenData } from '../../storage/account/one-time-tokens.ts'
import type { Queries } from '../../storage/database/database.ts'
import { clientNetwork } from '../../text/ip-address.ts'
import type { Locale } from '../../text/locale.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { writeToken } from '../one-time/new-token.ts'

/** A mail that a client asks for. Whether there is an account is found out later, in the background. */
export interface MailRequest {
  purpose: Extract<Purpose, 'reset_password' | 'verify_email' | 'change_email' | 'login' | 'sign_up'>
  /** In its canonical form. */
  email: string
  /** The user who asked for it with an access token; null for a stranger, and for one who may be known. */
  userId: number | null
  /** The language for an address without an account. */
  locale: Locale
  client: Client
  deviceDigest: string | null
  holderDigest?: string | null
  /** More for its purpose. */
  data?: TokenData
}

/**
 * Asks for a mail: writes one row, whether or not the address has an account, so that the answer tells nothing by its
 * time. {@link prepareMails} does the rest.
 *
 * @returns the id of the one-time token
 */
export async function requestMail(
  db: Queries,
  ctx: Pick<Context, 'random'>,
  request: MailRequest,
  now: Date,
): Promise<string> {
  const { purpose, email, userId, locale, client, deviceDigest, holderDigest = null, data = {} } = request
  const scene = {
    ip: client.ip,
    network: clientNetwork(client.ip),
    user_agent: client.userAgent,
    device_digest: deviceDigest,
    locale,
    // Its account is looked up by the address, unless the user is known by an access token.
    asked_by: userId === null ? 'stranger' : 'user',
  }
  const token = {
    purpose,
    userId,
    recipient: email,
    data: { ...scene, ...data },
    holderDigest,
    isMailPending: true,
    now,
  }
  return (await writeToken(db, ctx, token)).id
}
