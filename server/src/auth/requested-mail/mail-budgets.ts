import { sha256 } from '../../crypto/hashing/sha256.ts'
import type { OneTimeToken } from '../../storage/account/one-time-tokens.ts'
import type { Queries } from '../../storage/database/database.ts'
import { countRequestedMails, countWrittenMails, insertWrittenMail } from '../../storage/notice/written-mails.ts'
import { hasActiveSessionFrom } from '../../storage/session/user-sessions.ts'
import type { Context } from '../context/context.ts'
import { mailboxOf } from '../notice/notify.ts'

/** In an hour. */
const MAX_TO_ADDRESS = 3
const MAX_FROM_NETWORK = 10
const MAX_TO_STRANGERS = 3600

/**
 * Whether a mail that was asked for may be written, and counts it if so. A mailbox gets three an hour that strangers asked
 * for, and three more for clients that its account knows: by an access token, by their device, or by the network of an
 * active session. A stranger can neither flood a mailbox nor keep its owner from a mail.
 *
 * @param userId the user of the address; null if there is none
 */
export async function mayMail(
  tx: Queries,
  { settings, log }: Pick<Context, 'settings' | 'log'>,
  { token, userId, now }: { token: OneTimeToken; userId: number | null; now: Date },
): Promise<boolean> {
  if (!settings.limitsMails) return true
  const mailboxDigest = sha256(mailboxOf(token.recipient))
  const isKnown = userId !== null && (await isKnownTo(tx, { token, userId, now }))
  const counted = { mailboxDigest, kind: isKnown ? 'requested_by_known' : 'requested' } as const
  if ((await countWrittenMails(tx, counted, now)) >= MAX_TO_ADDRESS) return false
  if (!isKnown) {
    const ofNetwork = {
      mailboxDigest: sha256(`network ${token.data['network'] ?? ''}`),
      kind: 'requested_by_network',
    } as const
    if ((await countWrittenMails(tx, ofNetwork, now)) >= MAX_FROM_NETWORK) return false
    const toStrangers = await countRequestedMails(tx, MAX_TO_STRANGERS, now)
    if (toStrangers >= MAX_TO_STRANGERS) return false
    if (toStrangers === MAX_TO_STRANGERS - 1)
      log.warn(
        { mails: MAX_TO_STRANGERS },
        'strangers have asked for too many mails in an hour: only known clients get more',
      )
    await insertWrittenMail(tx, ofNetwork, now)
  }
  await insertWrittenMail(tx, counted, now)
  return true
}

async function isKnownTo(
  tx: Queries,
  { token: { data, purpose }, userId, now }: { token: OneTimeToken; userId: number; now: Date },
): Promise<boolean> {
  // To the address that a user wants to have, they are a stranger like any other.
  if (data['asked_by'] === 'user' && purpose !== 'change_email') return true
  const { network = null, device_digest: deviceDigest = null } = data
  return hasActiveSessionFrom(tx, { userId, network, deviceDigest, now })
}
