import { optional, optionalList, type Setting, withDefault } from './setting.ts'
import { lifetimeSeconds, list, oneOf, seconds, shortText, wholeNumber } from './setting-values.ts'

/** The settings of tokens and sessions: part of `SETTINGS`. */
export const TOKEN_SETTINGS = {
  accessTokenLifetimeSeconds: withDefault({
    name: 'JWT_ACCESS_TOKEN_EXPIRATION',
    group: 'tokens',
    default: '900',
    unit: 'seconds',
    read: lifetimeSeconds,
    describe: 'lifetime of an access token',
  }),
  issuer: optional({
    name: 'JWT_ISSUER',
    group: 'tokens',
    read: shortText,
    describe: 'claim `iss` of access tokens',
  }),
  audience: optionalList({
    name: 'JWT_AUDIENCE',
    group: 'tokens',
    read: (value, name) => list(shortText(value, name)),
    describe: 'claim `aud` of access tokens',
  }),
  refreshTokenLifetimeSeconds: withDefault({
    name: 'JWT_REFRESH_TOKEN_EXPIRATION',
    group: 'tokens',
    default: '604800',
    unit: 'seconds',
    read: lifetimeSeconds,
    describe: 'lifetime of a refresh token',
  }),
  sessionMaxAgeSeconds: withDefault({
    name: 'SESSION_MAX_AGE',
    group: 'tokens',
    default: '2592000',
    unit: 'seconds',
    read: lifetimeSeconds,
    describe: 'absolute lifetime of a session',
  }),
  rotation: withDefault({
    name: 'REFRESH_TOKEN_ROTATION',
    group: 'tokens',
    default: 'adaptive',
    read: oneOf(['adaptive', 'strict']),
    describe: '`strict` uses up the first token of a login too',
  }),
  replayWindowSeconds: withDefault({
    name: 'REFRESH_REPLAY_WINDOW',
    group: 'tokens',
    default: '30',
    unit: 'seconds',
    read: seconds(0, 3600),
    describe: 'seconds in which a used token of a login is answered with its successor again',
  }),
  sessionsPerUser: withDefault({
    name: 'SESSIONS_PER_USER',
    group: 'tokens',
    default: '100',
    read: wholeNumber(0, 1_000_000),
    describe: 'active sessions of each kind that a user may have',
  }),
  revocations: withDefault({
    name: 'REVOCATIONS',
    group: 'tokens',
    default: 'public',
    read: oneOf(['public', 'service', 'off']),
    describe: 'who may read the list of endings',
  }),
} satisfies Record<string, Setting<unknown>>
