import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type Server } from 'node:tls'
import type { Config } from '../config/reading/config.ts'
import { ConfigError } from '../config/source/config-error.ts'
import { TLS_OPTIONS } from '../http/server/tls-options.ts'
import type { Log } from '../observe/log.ts'

/** A certificate with its chain, and its key, as PEM. */
export interface TlsPair {
  cert: string
  key: string
}

interface TlsFiles {
  certFile: string
  keyFile: string
}

/** Reads the certificate. @throws {ConfigError} if it cannot be used, or if HTTPS is required and no request could use it */
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

/** Reads both files. @throws {ConfigError} if one cannot be read, or if they do not belong together */
function readTlsFiles(files: TlsFiles): TlsPair {
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
 * Creates a job that loads changed files for new connections; open ones continue. A pair that cannot be used is logged once
 * and the old one kept, because a renewal writes the two files one after the other.
 *
 * @returns one round of the job
 */
export function renewTls(server: Server, files: TlsFiles, current: TlsPair, log: Log): () => Promise<void> {
  let [loaded, lastError] = [current, '']
  return async () => {
    try {
      const pair = readTlsFiles(files)
      if (pair.cert === loaded.cert && pair.key === loaded.key) return
      server.setSecureContext({ ...pair, ...TLS_OPTIONS })
      loaded = pair
      lastError = ''
      log.info({}, 'the certificate was renewed')
    } catch (error) {
      const { message } = error as Error
      if (message !== lastError)
        log.warn({ reason: message }, 'the changed certificate cannot be used; the old one stays in use')
      lastError = message
    }
  }
}
