import type { ClaimRules } from '../token/claims.ts'
import { type Algorithm, isSecretAlgorithm, PUBLIC_ALGORITHMS, SECRET_ALGORITHMS } from '../token/signature.ts'
import type { VerifierOptions } from './options.ts'
import { type RevocationSettings, readRevocations } from './read-revocations.ts'
import { check, checkUrl, namesOf, rejectUnknown } from './settings-error.ts'

export interface Settings {
  rules: ClaimRules
  secrets: readonly string[]
  algorithms: readonly Algorithm[]
  /** Null: no algorithm needs public keys. */
  jwksUrl: string | null
  revocations: RevocationSettings | null
  /** The time in milliseconds. */
  now: () => number
  fetch: typeof fetch
}

const NAMES = [
  ...['issuer', 'jwksUrl', 'secret', 'audience', 'algorithms', 'revocations'],
  ...['maxAuthAgeSeconds', 'clockToleranceSeconds', 'now', 'fetch'],
]

const MAX_TOLERANCE_SECONDS = 60

/** @throws {TypeError} for settings that could verify nothing, or something else than meant */
export function readOptions(options: VerifierOptions): Settings {
  check(typeof options === 'object' && options !== null, 'createVerifier needs an object of options')
  rejectUnknown(options, NAMES, '')
  const { issuer, now = Date.now, maxAuthAgeSeconds = null, clockToleranceSeconds = 0 } = options
  const secrets = options.secret === undefined ? [] : namesOf(options.secret, 'secret')
  const jwksUrl = addressOfKeys(options)
  check(
    jwksUrl !== null || secrets.length > 0,
    'Nothing can be verified without a key: pass issuer, jwksUrl or secret (is its environment variable set?)',
  )
  const algorithms = readAlgorithms(options.algorithms, { hasSecret: secrets.length > 0, hasUrl: jwksUrl !== null })
  check(maxAuthAgeSeconds === null || maxAuthAgeSeconds > 0, 'maxAuthAgeSeconds must be a number above 0')
  check(
    clockToleranceSeconds >= 0 && clockToleranceSeconds <= MAX_TOLERANCE_SECONDS,
    `clockToleranceSeconds must be a number from 0 to ${MAX_TOLERANCE_SECONDS}`,
  )
  check(typeof now === 'function', 'now must be a function')
  check(options.fetch === undefined || typeof options.fetch === 'function', 'fetch must be a function')
  const needsPublicKeys = algorithms.some((algorithm) => !isSecretAlgorithm(algorithm))
  return {
    rules: {
      issuer: issuer ?? null,
      audience: options.audience === undefined ? [] : namesOf(options.audience, 'audience'),
      clockToleranceSeconds,
      maxAuthAgeSeconds,
    },
    secrets,
    algorithms,
    jwksUrl: needsPublicKeys ? jwksUrl : null,
    revocations: options.revocations === undefined ? null : readRevocations(options.revocations, { issuer, jwksUrl }),
    now: () => Number(now()),
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
  }
}

function addressOfKeys({ issuer, jwksUrl }: VerifierOptions): string | null {
  if (issuer !== undefined) {
    checkUrl(issuer, 'issuer')
    check(!issuer.endsWith('/'), 'issuer must not end with a slash: it is the text that tokens carry as iss')
  }
  if (jwksUrl !== undefined) return checkUrl(jwksUrl, 'jwksUrl')
  return issuer === undefined ? null : `${issuer}/.well-known/jwks.json`
}

/** The algorithms of the keys that are there; a list may only narrow them. */
function readAlgorithms(
  given: VerifierOptions['algorithms'],
  { hasSecret, hasUrl }: { hasSecret: boolean; hasUrl: boolean },
): readonly Algorithm[] {
  const possible: Algorithm[] = [...(hasSecret ? SECRET_ALGORITHMS : []), ...(hasUrl ? PUBLIC_ALGORITHMS : [])]
  if (given === undefined) return possible
  check(Array.isArray(given) && given.length > 0, 'algorithms must be a list with at least one name')
  for (const algorithm of given as readonly unknown[]) {
    const known: readonly unknown[] = [...SECRET_ALGORITHMS, ...PUBLIC_ALGORITHMS]
    check(known.includes(algorithm), `algorithms has ${String(algorithm)}, which Tessera does not sign with`)
    const missing = isSecretAlgorithm(algorithm as Algorithm) ? 'a secret' : 'issuer or jwksUrl'
    check((possible as unknown[]).includes(algorithm), `algorithms has ${algorithm}, which needs ${missing}`)
  }
  const isUsed = (isSecret: boolean) => given.some((algorithm) => isSecretAlgorithm(algorithm) === isSecret)
  check(!hasSecret || isUsed(true), 'secret is set, and algorithms has none that uses it')
  return [...given]
}
