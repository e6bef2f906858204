import { optionalList, type Setting, withDefault } from './setting.ts'
import { oneOf, onOrOff, origins } from './setting-values.ts'

/** The settings of pages that call from browsers. */
export const BROWSER_SETTINGS = {
  corsOrigins: optionalList({
    name: 'CORS_ORIGINS',
    group: 'browsers',
    read: origins,
    describe: 'exact origins, separated by commas, whose pages may call from a browser',
  }),
  cookieMode: withDefault({
    name: 'COOKIE_MODE',
    group: 'browsers',
    default: 'off',
    read: onOrOff,
    describe: '`on` puts the refresh token of every login into a cookie',
  }),
  cookieAttempts: withDefault({
    name: 'COOKIE_ATTEMPTS',
    group: 'browsers',
    default: 'on',
    read: onOrOff,
    describe: 'writes the attempt into the cookie behind its token',
  }),
  cookieSameSite: withDefault({
    name: 'COOKIE_SAME_SITE',
    group: 'browsers',
    default: 'strict',
    read: oneOf(['strict', 'lax']),
    describe: 'which navigations from other sites carry the cookie',
  }),
  apiPages: withDefault({
    name: 'API_PAGES',
    group: 'browsers',
    default: { development: 'on', production: 'off' },
    read: onOrOff,
    describe: 'serves the pages that describe the API',
  }),
} satisfies Record<string, Setting<unknown>>
