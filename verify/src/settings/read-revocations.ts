import type { RevocationOptions } from './options.ts'
import { check, checkUrl, namesOf, rejectUnknown } from './settings-error.ts'

export interface RevocationSettings {
  url: string
  serviceKey: string | null
  staleAfterSeconds: number
  whenStale: 'accept' | 'reject'
  mode: 'background' | 'onDemand'
  waitUntil: ((promise: Promise<unknown>) => void) | null
}

const NAMES = ['url', 'serviceKey', 'staleAfterSeconds', 'whenStale', 'mode', 'waitUntil']

const STALE_AFTER_SECONDS = 30

/** @throws {TypeError} */
export function readRevocations(
  options: RevocationOptions,
  { issuer, jwksUrl }: { issuer: string | undefined; jwksUrl: string | null },
): RevocationSettings {
  check(typeof options === 'object' && options !== null, 'revocations must be an object; {} is enough with an issuer')
  rejectUnknown(options, NAMES, 'revocations.')
  const { staleAfterSeconds = STALE_AFTER_SECONDS, whenStale = 'accept', mode = modeOfHost(), waitUntil } = options
  const { serviceKey } = options
  check(staleAfterSeconds > 0, 'revocations.staleAfterSeconds must be a number above 0')
  check(whenStale === 'accept' || whenStale === 'reject', "revocations.whenStale must be 'accept' or 'reject'")
  check(mode === 'background' || mode === 'onDemand', "revocations.mode must be 'background' or 'onDemand'")
  check(waitUntil === undefined || typeof waitUntil === 'function', 'revocations.waitUntil must be a function')
  check(waitUntil === undefined || mode === 'onDemand', 'revocations.waitUntil needs mode: onDemand')
  if (serviceKey !== undefined) namesOf(serviceKey, 'revocations.serviceKey')
  const url = options.url === undefined ? addressOf(issuer, jwksUrl) : checkUrl(options.url, 'revocations.url')
  check(url !== null, 'revocations.url is needed where there is no issuer')
  return { url, serviceKey: serviceKey ?? null, staleAfterSeconds, whenStale, mode, waitUntil: waitUntil ?? null }
}

function addressOf(issuer: string | undefined, jwksUrl: string | null): string | null {
  if (issuer !== undefined) return `${issuer}/.well-known/revocations`
  return jwksUrl?.endsWith('/.well-known/jwks.json') ? jwksUrl.replace(/jwks\.json$/, 'revocations') : null
}

/** Hosts at the edge have no background: timers and requests belong to the request that began them. */
function modeOfHost(): 'background' | 'onDemand' {
  return 'WebSocketPair' in globalThis || 'EdgeRuntime' in globalThis ? 'onDemand' : 'background'
}
