import { randomBytes } from 'node:crypto'
import type { PasswordHash } from '../../config/reading/config.ts'
import type { HashPool } from './hash-pool.ts'
import type { Argon2Cost } from './hash-worker.ts'

/** bcrypt reads no further: a longer password would be accepted by its beginning alone. */
export const BCRYPT_MAX_BYTES = 72

/** Longer than any phrase that is typed. */
export const ARGON2_MAX_BYTES = 1024

// OWASP Password Storage Cheat Sheet: m=19456 (19 MiB), t=2, p=1
const ARGON2_COST: Argon2Cost = { memoryKibibytes: 19_456, passes: 2, parallelism: 1 }
const ARGON2_PREFIX = '$argon2id$v=19$m=19456,t=2,p=1$'

// The bounds keep a damaged or hostile digest from costing more than any legitimate one.
const BCRYPT_DIGEST = /^\$2[aby]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/
const ARGON2_DIGEST = /^\$argon2id\$v=19\$m=([1-9]\d{1,4}),t=([1-4]),p=([1-4])\$[\w+/]{11,86}\$[\w+/]{22,86}$/
const MAX_ARGON2_KIBIBYTES = 65_536

export interface Passwords {
  /** @throws {HashPoolFull} {@link TypeError} for a password that the algorithm would not read to its end */
  digest(password: string): Promise<string>
  /** Whether the current algorithm reads a password to its end. */
  canDigest(password: string): boolean
  /**
   * Whether the password matches the digest. The work is always the same: a null, empty or damaged digest, or a password
   * that cannot match, also costs one hash, and does not match. That hash is of a kind that digests of the database have,
   * always the same for one account: where digests of several kinds exist, the time tells no unknown account.
   *
   * @param account the canonical name that the client gave
   * @throws {HashPoolFull}
   */
  matches(password: string, digest: string | null, account: string, options?: { isKnown: boolean }): Promise<boolean>
  /** Whether passwords wait to be checked. */
  isQueued(): boolean
  /** Has unknown accounts cost what these digests of the database cost, in their proportion. */
  imitate(digests: readonly string[]): void
  /** Reserves a place for a digest of these sharers until the returned function releases it. @throws {HashPoolFull} */
  reserve(sharers?: readonly string[], options?: { isKnown: boolean }): () => void
  /** Whether a digest was created with settings other than the current ones. */
  isOutdated(digest: string): boolean
}

/**
 * @param pick a number for an account, the same on every replica and not known to clients
 */
export function createPasswords(
  pool: HashPool,
  setting: PasswordHash,
  pick: (account: string) => number = () => 0,
): Passwords {
  let decoys: readonly string[] = [decoyDigest(currentShape(setting))]
  const canDigest = (password: string) => canMatch(password, setting.algorithm)
  return {
    canDigest,

    async digest(password) {
      if (!canDigest(password)) throw new TypeError('the algorithm would not read the password to its end')
      return setting.algorithm === 'bcrypt'
        ? pool.run({ kind: 'bcrypt', text: password, cost: setting.cost })
        : pool.run({ kind: 'argon2id', text: password, cost: ARGON2_COST })
    },

    imitate(digests) {
      const shapes = digests.filter(isPasswordDigest).map(shapeOf)
      decoys = (shapes.length > 0 ? shapes : [currentShape(setting)]).map(decoyDigest)
    },

    isQueued: () => pool.waiting > 0,

    async matches(password, digest, account, options) {
      const kind = digest === null ? null : digestKind(digest)
      const usable = kind !== null && canMatch(password, kind)
      const decoy = decoys[pick(account) % decoys.length] as string
      const compared = usable && digest !== null ? digest.replace(/^\$2y\$/, '$2b$') : decoy
      const text = isWellFormed(password) ? password : ''
      const matched = compared.startsWith('$argon2id$')
        ? await pool.run({ kind: 'argon2idMatches', text, digest: compared }, options)
        : await pool.run(
            { kind: 'bcryptMatches', text: truncateToBytes(text, BCRYPT_MAX_BYTES), digest: compared },
            options,
          )
      return usable && matched
    },

    reserve: (sharers, options) => pool.reserve(sharers, options),

    isOutdated: (digest) =>
      setting.algorithm === 'bcrypt'
        ? Number(BCRYPT_DIGEST.exec(digest)?.[1]) !== setting.cost
        : !digest.startsWith(ARGON2_PREFIX),
  }
}

/** Whether a password can be hashed: NUL would end it early in some implementations, a lone surrogate has no UTF-8 form. */
export function isWellFormed(password: string): boolean {
  return password.isWellFormed() && !password.includes('\0')
}

function canMatch(password: string, kind: PasswordHash['algorithm']): boolean {
  return isWellFormed(password) && (kind === 'argon2id' || Buffer.byteLength(password) <= BCRYPT_MAX_BYTES)
}

/** Whether a text is a digest that {@link Passwords} can verify. */
export function isPasswordDigest(text: string): boolean {
  return digestKind(text) !== null
}

function digestKind(digest: string): PasswordHash['algorithm'] | null {
  if (BCRYPT_DIGEST.test(digest)) return 'bcrypt'
  const [, memory, , parallelism] = ARGON2_DIGEST.exec(digest) ?? []
  const isValid = Number(memory) >= 8 * Number(parallelism) && Number(memory) <= MAX_ARGON2_KIBIBYTES
  return isValid ? 'argon2id' : null
}

function currentShape(setting: PasswordHash): string {
  return setting.algorithm === 'argon2id' ? ARGON2_PREFIX : `$2b$${String(setting.cost).padStart(2, '0')}$`
}

/** The beginning of a digest, which says what verifying costs. */
function shapeOf(digest: string): string {
  return /^(\$argon2id\$v=19\$[^$]+\$|\$2[aby]\$\d\d\$)/.exec(digest)?.[1]?.replace(/^\$2[ay]/, '$2b') ?? ''
}

/** A random digest of a shape: verifying against it takes as long as against a real one. */
function decoyDigest(shape: string): string {
  const randomHex = (characters: number) => randomBytes(characters).toString('hex').slice(0, characters)
  if (shape.startsWith('$argon2id')) return `${shape}${randomHex(22)}$${randomHex(43)}`
  return `${shape}${randomHex(21)}.${randomHex(31)}`
}

function truncateToBytes(text: string, maxBytes: number): string {
  return Buffer.from(text).subarray(0, maxBytes).toString()
}
