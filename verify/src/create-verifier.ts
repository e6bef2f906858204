import { createPublicKeys, type PublicKeys } from './remote/public-keys.ts'
import { endingHash } from './revocations/ending-hash.ts'
import { Endings } from './revocations/endings.ts'
import { createFeed } from './revocations/feed.ts'
import { createRevocations, type RevocationStatus, type Revocations } from './revocations/revocations.ts'
import type { RevocationOptions, VerifierOptions } from './settings/options.ts'
import { readOptions, type Settings } from './settings/read-options.ts'
import { type Claims, judgeClaims, judgeTimes } from './token/claims.ts'
import { rememberClock } from './token/clocks.ts'
import { type Algorithm, createSignatures, PUBLIC_ALGORITHMS } from './token/signature.ts'
import { type VerifiedToken, VerifiedTokens } from './token/verified-tokens.ts'
import { VerifyError, type VerifyErrorCode } from './token/verify-error.ts'

export type { Algorithm, Claims, RevocationOptions, RevocationStatus, VerifierOptions, VerifyErrorCode }
export { VerifyError }

export interface Verifier {
  /** Returns the claims of a token. @throws {VerifyError} with a code that says why not */
  verify(token: string): Promise<Claims>
  /** How well logouts are heard of; null without `revocations`. For metrics and alerts. */
  revocationStatus(): RevocationStatus | null
  /** Stops asking for endings. */
  close(): void
}

const TOKEN_TYPES = ['JWT', 'at+jwt']
const MAX_FEED_CHARACTERS = 4_194_304

/** Creates the verifier of a service: one for its whole life. @throws {TypeError} for settings that could verify nothing */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = readOptions(options)
  const { rules, now } = settings
  const known = new VerifiedTokens()
  const publicKeys = createKeys(settings, () => known.forgetAll())
  const signatures = createSignatures({ ...settings, publicKeys })
  const revocations = createFollowed(settings, publicKeys, () => known.forgetAll())

  async function verifyNew(token: string): Promise<VerifiedToken> {
    const { era } = known
    const { payload, kid } = await signatures.verify(token, TOKEN_TYPES)
    const claims = judgeClaims(payload, rules)
    rememberClock(claims, now)
    const [session, subject] = revocations
      ? await Promise.all([claims.sid === undefined ? null : endingHash(claims.sid), endingHash(claims.sub)])
      : [null, null]
    const verified: VerifiedToken = { claims, kid, session, subject, wasUsed: false }
    judgeTimes(claims, now() / 1000, rules)
    known.add(token, verified, era)
    return verified
  }

  return {
    async verify(token) {
      publicKeys?.refreshIfOld()
      const verified = known.get(token) ?? (await verifyNew(token))
      const waiting = revocations?.ready()
      if (waiting) await waiting
      judgeTimes(verified.claims, now() / 1000, rules)
      revocations?.judge(verified)
      return verified.claims
    },
    revocationStatus: () => revocations?.status() ?? null,
    close: () => revocations?.close(),
  }
}

function createKeys({ jwksUrl, secrets, now, fetch }: Settings, onChange: () => void): PublicKeys | null {
  if (jwksUrl === null) return null
  return createPublicKeys({ url: jwksUrl, fetch, now, onChange, mayBeAbsent: secrets.length > 0 })
}

/** Follows the endings. Where there are public keys, only they vouch for the list; the secret's holders are many. */
function createFollowed(
  { revocations: settings, algorithms, fetch }: Settings,
  publicKeys: PublicKeys | null,
  forgetTokens: () => void,
): Revocations | null {
  if (settings === null) return null
  const endings = new Endings()
  const signing = algorithms.filter((algorithm) => (PUBLIC_ALGORITHMS as readonly string[]).includes(algorithm))
  const signatures =
    publicKeys && createSignatures({ secrets: [], algorithms: signing, publicKeys, maxCharacters: MAX_FEED_CHARACTERS })
  const feed = createFeed({ settings, fetch, signatures, hasRetired: (kid) => endings.hasRetired(kid) })
  const onRetiredKey = () => {
    forgetTokens()
    publicKeys?.refresh()
  }
  return createRevocations({ settings, endings, feed, onRetiredKey })
}
