import { createPrivateKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { OpenedKey } from '../auth/keys/open-key.ts'
import type { VerifiedTokens } from '../auth/keys/verified-tokens.ts'
import type { Config } from '../config/reading/config.ts'
import { ConfigError } from '../config/source/config-error.ts'
import { algorithmOfKey, privateSigningKey, publicJwk } from '../crypto/keys/signing-key.ts'
import type { Log } from '../observe/log.ts'

export interface SigningKeyFiles {
  /** The keys, in the order of the setting. */
  keys(): readonly OpenedKey[]
  /** Reads changed files. Files that cannot be used are logged once, and the keys from before kept. */
  readAgain(): void
}

/** Reads the private keys of `SIGNING_KEY_FILE`. @throws {ConfigError} if one cannot be used, or the first one cannot sign */
export function openSigningKeyFiles(
  { signingKeyFiles, algorithm }: Config,
  log: Log,
  verified: VerifiedTokens,
): SigningKeyFiles {
  const read = () => {
    const keys = signingKeyFiles.map((file) => readKeyFile(file, verified))
    const [first] = keys
    if (first && algorithm !== 'HS256' && first.signing.algorithm !== algorithm)
      throw new ConfigError(
        `SIGNING_KEY_FILE: ${signingKeyFiles[0]} has a key for ${first.signing.algorithm}, but JWT_ALGORITHM is ${algorithm}.`,
      )
    return keys
  }
  let [loaded, lastError] = [read(), '']
  return {
    keys: () => loaded,
    readAgain() {
      try {
        const keys = read()
        lastError = ''
        if (kids(keys) === kids(loaded)) return
        loaded = keys
        log.info({ kids: keys.map(({ jwk }) => jwk.kid) }, 'the signing keys were read again')
      } catch (error) {
        const { message } = error as Error
        if (message !== lastError)
          log.warn({ reason: message }, 'the changed signing keys cannot be used; the old ones stay')
        lastError = message
      }
    },
  }
}

function kids(keys: readonly OpenedKey[]): string {
  return keys.map(({ jwk }) => jwk.kid).join()
}

function readKeyFile(file: string, verified: VerifiedTokens): OpenedKey {
  const privateKey = readPrivateKey(file)
  const algorithm = algorithmOfKey(privateKey)
  if (algorithm === null)
    throw new ConfigError(`SIGNING_KEY_FILE: ${file} must have a key of P-256, Ed25519, or RSA with 2048 bits or more.`)
  const jwk = publicJwk(algorithm, privateKey)
  return { jwk, signing: verified.remember(privateSigningKey(jwk, privateKey)) }
}

/** Reads PKCS #8 in PEM, or a JWK. An error never quotes the file. */
function readPrivateKey(file: string): KeyObject {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new ConfigError(`SIGNING_KEY_FILE cannot be read: ${(error as Error).message}.`)
  }
  try {
    return text.startsWith('{') ? createPrivateKey({ key: JSON.parse(text), format: 'jwk' }) : createPrivateKey(text)
  } catch {
    throw new ConfigError(`SIGNING_KEY_FILE: ${file} is neither a private key in PEM (PKCS #8) nor a private JWK.`)
  }
}
