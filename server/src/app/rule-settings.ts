import type { Settings } from '../auth/context/context.ts'
import type { Config } from '../config/reading/config.ts'
import { ARGON2_MAX_BYTES, BCRYPT_MAX_BYTES } from '../crypto/hashing/passwords.ts'

/** Returns the part of the configuration that the rules use. */
export function ruleSettings(config: Config): Settings {
  return {
    accessTokenLifetimeSeconds: config.accessTokenLifetimeSeconds,
    refreshTokenLifetimeSeconds: config.refreshTokenLifetimeSeconds,
    sessionMaxAgeSeconds: config.sessionMaxAgeSeconds,
    replayWindowSeconds: config.replayWindowSeconds,
    rotation: config.rotation,
    sessionsPerUser: config.sessionsPerUser,
    passwordMaxBytes: config.passwordHash.algorithm === 'bcrypt' ? BCRYPT_MAX_BYTES : ARGON2_MAX_BYTES,
    refuseGuessablePasswords: config.production,
    productWords: productWords(config),
    sendsMails: config.secrets.smtpUrl !== null,
    limitsMails: config.rateLimit,
    emailSignUp: config.emailSignUp,
    requireVerifiedEmail: config.requireVerifiedEmail,
    hideAccountExistence: config.hideAccountExistence,
    loginAlerts: config.loginAlerts,
    roles: config.roles,
    allowDemoUsers: !config.production,
    auditRetention: {
      short: config.auditRetentionShortSeconds,
      normal: config.auditRetentionSeconds,
      long: config.auditRetentionLongSeconds,
    },
  }
}

function productWords({ mailFrom, publicUrl, appName, appUrl }: Config): string[] {
  const hosts = [publicUrl, appUrl].map((url) => (url === null ? '' : new URL(url).hostname))
  return ['tessera', mailFrom?.name ?? '', appName ?? '', ...hosts.flatMap((host) => [host, ...host.split('.')])]
}
