import type { Config } from '../config/config.ts'
import { createServiceKeys } from '../crypto/service-keys.ts'
import type { EdgeSettings } from '../http/endpoint/http-context.ts'
import { senderFrom } from '../mail/messages/sender.ts'

/** Returns the part of the configuration that HTTP uses. It contains no secret. */
export function edgeSettings(config: Config): EdgeSettings {
  const { production, host, pairIssuance, demoFrom, trustedProxies, requireHttps, hsts, corsOrigins, cookieMode } =
    config
  return {
    production,
    host,
    pairIssuance,
    serviceKeys: createServiceKeys(config.secrets.serviceKeys),
    demoFrom,
    trustedProxies,
    requireHttps,
    rateLimit: config.rateLimit,
    hsts,
    publicOrigin: config.publicUrl === null ? null : new URL(config.publicUrl).origin,
    corsOrigins,
    cookieMode,
    showsMailbox: !production && config.secrets.smtpUrl === null,
    sender: senderFrom(config),
  }
}
