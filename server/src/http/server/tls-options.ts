import type { Log } from '../../observe/log.ts'
import { onceASecond } from '../../observe/sampled.ts'

/** TLS 1.3, and of TLS 1.2 the suites with forward secrecy and authenticated encryption (RFC 9325, 4.2). */
export const TLS_OPTIONS = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256',
    'ECDHE+AESGCM:ECDHE+CHACHA20',
  ].join(':'),
  handshakeTimeout: 10_000,
} as const

/** Logs failed handshakes, one a second at most: a scanner makes thousands. */
export function logFailedHandshakes(log: Log) {
  const logSampled = onceASecond((fields) => log.info(fields, 'a TLS handshake failed'))
  return ({ code }: Error & { code?: string }, socket: { remoteAddress?: string }): void =>
    logSampled({ code, ip: socket.remoteAddress })
}
