import type { Config } from '../config/reading/config.ts'
import { createServiceKeys } from '../crypto/keys/service-keys.ts'
import type { EdgeSettings } from '../http/endpoint/http-context.ts'
import { senderFrom } from '../mail/messages/sender.ts'
import { isLoopbackHost } from '../text/ip-address.ts'
import type { Issuer } from './issuer.ts'

/** Whether an origin is a page that a developer serves on this machine, on any port. */
function isLoopbackOrigin(origin: string): boolean {
  return /^https?:\/\//.test(origin) && URL.canParse(origin) && isLoopbackHost(new URL(origin).hostname)
}

/** Returns the part of the configuration that HTTP uses. It contains no secret. */
export function edgeSettings(config: Config, issuer: Issuer): EdgeSettings {
  const {
    production,
    host,
    pairIssuance,
    demoFrom,
    trustedProxies,
    requireHttps,
    hsts,
    corsOrigins,
    cookieMode,
    cookieAttempts,
    cookieSameSite,
  } = config
  const listed = new Set(corsOrigins)
  return {
    production,
    host,
    pairIssuance,
    revocations: config.revocations,
    serviceKeys: createServiceKeys(config.secrets.serviceKeys),
    demoFrom,
    trustedProxies,
    requireHttps,
    logsRequests: config.logRequests,
    rateLimit: config.rateLimit,
    limits: { refreshes: config.refreshLimit, pairs: config.pairLimit, refusals: config.refusalLimit },
    keepAliveSeconds: config.keepAliveSeconds,
    hsts,
    publicOrigin: config.publicUrl === null ? null : new URL(config.publicUrl).origin,
    allowsPages: corsOrigins.length > 0 || !production,
    allowsOrigin: (origin) => listed.has(origin) || (!production && isLoopbackOrigin(origin)),
    cookieMode,
    cookieAttempts,
    cookieSameSite,
    emailLogin: config.emailLogin,
    apiPages: config.apiPages,
    roles: config.roles,
    showsMailbox: !production && config.secrets.smtpUrl === null,
    issuer: issuer.documents,
    sender: senderFrom(config),
  }
}
