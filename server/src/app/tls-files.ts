import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type Server } from 'node:tls'
import type { Config } from '../config/config.ts'
import { ConfigError } from '../config/config-error.ts'
import { TLS_OPTIONS } from '../http/server/tls-options.ts'
import type { Log } from '../observe/log.ts'

/** A certificate with its chain, and its key, as PEM. */
export interface TlsPair {
  cert: string
  key: string
}

export interface TlsFiles {
  certFile: string
  keyFile: string
}

/** @throws {ConfigError} for a certificate that cannot be used, and where HTTPS is required but no request could arrive over it */
export function openTls({
  tlsFiles,
  requireHttps,
  trustedProxies,
}: Pick<Config, 'tlsFiles' | 'requireHttps' | 'trustedProxies'>): TlsPair | null {
  if (tlsFiles) return readTlsFiles(tlsFiles)
  if (!requireHttps || !trustedProxies.isEmpty) return null
  throw new ConfigError(
    'REQUIRE_HTTPS is on, but no request could arrive over HTTPS: name your proxy in TRUSTED_PROXIES, set TLS_CERT_FILE and TLS_KEY_FILE, or set REQUIRE_HTTPS=off.',
  )
}

/** @throws {ConfigError} when a file cannot be read, or the two do not belong together */
export function readTlsFiles(files: TlsFiles): TlsPair {
  const pair = { cert: read(files.certFile, 'TLS_CERT_FILE'), key: read(files.keyFile, 'TLS_KEY_FILE') }
  try {
    // A secure context is made of empty files, too: a full disk leaves such ones.
    const [certificate, key] = [new X509Certificate(pair.cert), createPrivateKey(pair.key)]
    if (!certificate.checkPrivateKey(key)) throw new Error('the key is not the one of the certificate')
    createSecureContext({ ...pair, ...TLS_OPTIONS })
  } catch (error) {
    throw new ConfigError(`TLS_CERT_FILE and TLS_KEY_FILE cannot be used together: ${(error as Error).message}.`)
  }
  return pair
}

function read(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`${name} cannot be read: ${(error as Error).message}.`)
  }
}

/**
 * Looks whether the files have changed, and has new connections use what stands there now; those that are open go on. What
 * cannot be used is logged once and the old pair kept: whoever renews a certificate writes two files.
 *
 * @returns the round to run from time to time
 */
export function renewTls(server: Server, files: TlsFiles, current: TlsPair, log: Log): () => Promise<void> {
  let [seen, complaint] = [current, '']
  return async () => {
    try {
      const pair = readTlsFiles(files)
      if (pair.cert === seen.cert && pair.key === seen.key) return
      server.setSecureContext({ ...pair, ...TLS_OPTIONS })
      seen = pair
      complaint = ''
      log.info({}, 'the certificate was renewed')
    } catch (error) {
      const { message } = error as Error
      if (message !== complaint)
        log.warn({ reason: message }, 'the certificate has changed and cannot be used; the old one stays')
      complaint = message
    }
  }
}
