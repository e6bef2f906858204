import { beginKind } from '../auth/keys/begin-kind.ts'
import type { WritableTimes } from '../auth/keys/begin-ring.ts'
import type { PublicKeyRing } from '../auth/keys/public-key-ring.ts'
import type { Config } from '../config/reading/config.ts'
import { ConfigError } from '../config/source/config-error.ts'
import type { Keys } from '../crypto/keys/keys.ts'
import type { PublicKeys } from '../crypto/tokens/access-token.ts'
import type { Log } from '../observe/log.ts'
import type { Database } from '../storage/database/database.ts'
import { type Repeated, repeat } from './repeat.ts'

export interface SigningKeys {
  publicKeys: PublicKeys
  /** Reads the keys of the database, and files that changed, now rather than within a second. */
  readAgain(): Promise<void>
  stop(): Promise<void>
}

type KeysContext = { db: Database; log: Log; now: () => Date; writable: WritableTimes }

/** A retired key is refused everywhere within two seconds. */
const READ_INTERVAL_MILLISECONDS = 1000
/** Some ten megabytes. */
const MAX_VERIFIED_TOKENS = 10_000

/**
 * Opens the key pairs of the installation. A server that signs with the secret reads them when the first token or request
 * asks for one, so that it pays nothing for key pairs that it does not have.
 *
 * While a move has the rows, the keys are only read.
 *
 * @throws {ConfigError} in production, if no secret opens the key that signs, or the next one
 */
export async function openSigningKeys(config: Config, ctx: KeysContext, keys: Keys): Promise<SigningKeys> {
  if (config.algorithm === 'HS256') await ctx.writable.whenWritable(() => beginKind(ctx, 'HS256'))
  const isUsed = config.algorithm !== 'HS256' || config.signingKeyFiles.length > 0
  return isUsed ? openNow(config, ctx, keys) : openWhenAsked(() => openNow(config, ctx, keys))
}

async function openNow(
  config: Config,
  ctx: KeysContext,
  keys: Keys,
): Promise<SigningKeys & { publicKeys: PublicKeyRing }> {
  const [{ beginRing }, { VerifiedTokens }, { openSigningKeyFiles }] = await Promise.all([
    import('../auth/keys/begin-ring.ts'),
    import('../auth/keys/verified-tokens.ts'),
    import('./signing-key-files.ts'),
  ])
  const verified = new VerifiedTokens(MAX_VERIFIED_TOKENS)
  const files = openSigningKeyFiles(config, ctx.log, verified)
  const publicKeys = await beginRing(ctx, {
    own: config.algorithm !== 'HS256' && config.signingKeyFiles.length > 0 ? 'file' : config.algorithm,
    accessTokenLifetimeSeconds: config.accessTokenLifetimeSeconds,
    times: { noticeSeconds: config.keyNoticeSeconds, rotationSeconds: config.keyRotationSeconds },
    sealing: keys.sealing(),
    replacesUnopened: !config.production,
    verified,
    files: files.keys,
    refusedKids: config.refusedKeys,
    writable: ctx.writable,
  })
  await ctx.writable.whenWritable(async () => refuseUnopened(publicKeys, config))
  const readAgain = async () => {
    files.readAgain()
    await publicKeys.read()
  }
  // Without any key pair, nothing can change that must be known within a second.
  const readIfUsed = async () => (publicKeys.isEmpty() ? null : readAgain())
  const reading: Repeated = repeat(readIfUsed, {
    pauseMilliseconds: READ_INTERVAL_MILLISECONDS,
    failure: 'the signing keys could not be read; the last copy stays in use',
    log: ctx.log,
  })
  return { publicKeys, readAgain, stop: () => reading.stop() }
}

/** In production, a key that no secret opens is not replaced without asking. */
function refuseUnopened(publicKeys: PublicKeyRing, { production }: Config): void {
  const unopened = publicKeys.unopened()
  if (production && unopened !== null)
    throw new ConfigError(
      `No secret opens the signing key ${unopened}: list the former REFRESH_SECRET_KEY in REFRESH_PREVIOUS_SECRET_KEYS, or run: tessera keys retire ${unopened} --now`,
    )
}

/** Opens the keys once, when they are first needed. A failure is forgotten: the next need tries again. */
function openWhenAsked(open: () => Promise<SigningKeys>): SigningKeys {
  let opening: Promise<SigningKeys> | null = null
  let opened: SigningKeys | null = null
  const ask = () => {
    opening ??= open().then(
      (keys) => (opened = keys),
      (error) => {
        opening = null
        throw error
      },
    )
    return opening
  }
  return {
    publicKeys: {
      signer: () => null,
      find(header, now) {
        if (opened) return opened.publicKeys.find(header, now)
        return mayNameKeyPair(header) ? ask().then((keys) => keys.publicKeys.find(header, now)) : null
      },
      acceptsSecret: () => true,
      published: async () => (await ask()).publicKeys.published(),
    },
    async readAgain() {
      await opened?.readAgain()
    },
    async stop() {
      await opening?.then(
        (keys) => keys.stop(),
        () => {},
      )
    },
  }
}

/** Whether a header names an algorithm of key pairs. */
function mayNameKeyPair(header: string): boolean {
  return /"alg":"(ES256|EdDSA|RS256)"/.test(Buffer.from(header, 'base64url').toString())
}
