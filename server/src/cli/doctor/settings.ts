import { SETTING_PROBLEMS, type SettingProblem } from '../../config/reading/diagnose.ts'
import { isLoopbackHost } from '../../text/ip-address.ts'
import { type Check, type Finding, type Subject, warning } from './check.ts'

/** The lines for problems whose sentence does not end with one. */
const FIXES: Readonly<Record<string, string>> = {
  'settings.unreadable': 'Correct the value; docs/configuration.md describes each setting.',
  'settings.issuer-form': 'PUBLIC_URL=https://auth.example.com',
  'settings.issuer-missing': 'PUBLIC_URL=https://auth.example.com',
  'settings.audience-missing': 'JWT_AUDIENCE=api.example.com',
}

const ofSettings: readonly Check[] = SETTING_PROBLEMS.map((id) => ({
  id,
  link: 'configuration.md',
  run: ({ problems }) => problems.filter((problem) => problem.id === id).map(toFinding),
}))

/** Splits the sentence of a start into the finding and the line that puts it right. */
function toFinding({ id, verdict, sentence }: SettingProblem): Finding {
  const known = FIXES[id]
  if (known !== undefined) return { verdict, sentence, fix: known }
  const [, found, fix] = /^(.*?)(?:; |\. (?=[A-Z]))(.+)$/s.exec(sentence) ?? []
  if (found === undefined || fix === undefined)
    return { verdict, sentence, fix: 'docs/configuration.md describes each setting.' }
  const [name = ''] = /\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|\bHSTS\b/.exec(found) ?? []
  return { verdict, sentence: `${found}.`, fix: fix.replace(/^remove it\b/, `remove ${name}`) }
}

const isProduction = ({ config }: Subject) => config.production
const usesCookies = ({ config }: Subject) => config.cookieMode
const isLoopback = (url: string) => isLoopbackHost(new URL(url).hostname)

/** Checks of settings that are each allowed, and together do not work. */
const ofPairs: readonly Check[] = [
  {
    id: 'cookies.public-url',
    link: 'browsers.md',
    applies: usesCookies,
    run: ({ config: { publicUrl } }) =>
      publicUrl?.startsWith('http:') && !isLoopback(publicUrl)
        ? warning(
            'COOKIE_MODE is on and PUBLIC_URL is plain HTTP: browsers keep no Secure cookie from there, so every login is lost.',
            `PUBLIC_URL=${publicUrl.replace(/^http:/, 'https:')}`,
          )
        : null,
  },
  {
    id: 'cookies.cross-site',
    link: 'browsers.md',
    applies: usesCookies,
    run: ({ config: { publicUrl, corsOrigins } }) =>
      corsOrigins
        .filter((origin) => publicUrl !== null && isForeignSite(origin, publicUrl))
        .map((origin) =>
          warning(
            `Browsers send no cookie of ${publicUrl} from pages of ${origin}, because it is another site.`,
            `Serve both below one domain, or let ${origin} log in with "cookie": false.`,
          ),
        ),
  },
  {
    id: 'cors.loopback',
    link: 'configuration.md',
    applies: isProduction,
    run: ({ config: { corsOrigins } }) =>
      corsOrigins
        .filter((origin) => /^https?:/.test(origin) && isLoopback(origin))
        .map((origin) =>
          warning(
            `CORS_ORIGINS has ${origin}, so any program that listens on a user's machine can call as its page.`,
            `Remove ${origin} from CORS_ORIGINS.`,
          ),
        ),
  },
  {
    id: 'cors.public-url',
    link: 'configuration.md',
    applies: ({ config }) => config.corsOrigins.length > 0,
    run: ({ config: { publicUrl, corsOrigins } }) => {
      const plain = publicUrl?.replace(/^https:/, 'http:')
      const origin = corsOrigins.find((listed) => plain !== undefined && listed === new URL(plain).origin)
      return publicUrl?.startsWith('https:') && origin
        ? warning(
            `CORS_ORIGINS has ${origin}, which is PUBLIC_URL over plain HTTP: its pages can be changed on the way.`,
            `Remove ${origin} from CORS_ORIGINS.`,
          )
        : null
    },
  },
  {
    id: 'tokens.issuer',
    link: 'configuration.md',
    applies: ({ config }) => config.production && config.algorithm === 'HS256',
    run: ({ config: { issuer } }) =>
      issuer === null
        ? warning(
            'JWT_ISSUER is not set, so services cannot tell the tokens of this server from others with its key.',
            'JWT_ISSUER=https://auth.example.com',
          )
        : null,
  },
  {
    id: 'tokens.audience',
    link: 'configuration.md',
    applies: isProduction,
    run: ({ config: { audience } }) =>
      audience.length === 0
        ? warning(
            'JWT_AUDIENCE is not set, so a token for one service opens every other.',
            'JWT_AUDIENCE=api.example.com',
          )
        : null,
  },
  {
    id: 'tokens.lifetimes',
    link: 'configuration.md',
    run: ({ config }) =>
      config.accessTokenLifetimeSeconds >= config.refreshTokenLifetimeSeconds
        ? warning(
            'Access tokens live as long as refresh tokens, so sessions end although their tokens are good.',
            'JWT_ACCESS_TOKEN_EXPIRATION=900',
          )
        : null,
  },
  {
    id: 'mail.configured',
    link: 'mail.md',
    applies: isProduction,
    run: ({ config: { secrets } }) =>
      secrets.smtpUrl === null
        ? warning(
            'SMTP_URL is not set: users cannot set a forgotten password, and hear of no theft.',
            'SMTP_URL=smtp://user:password@mail.example.com:587',
          )
        : null,
  },
  {
    id: 'settings.public-url',
    link: 'configuration.md',
    applies: isProduction,
    run: ({ config: { publicUrl } }) =>
      publicUrl === null
        ? warning(
            'PUBLIC_URL is not set, so links in mails and discovery cannot say where this server is.',
            'PUBLIC_URL=https://auth.example.com',
          )
        : null,
  },
]

/** Whether two addresses surely belong to two sites: no two hosts of one site differ in their last two labels. */
function isForeignSite(origin: string, publicUrl: string): boolean {
  if (!/^https?:/.test(origin)) return false // apps have no site
  const [page, server] = [new URL(origin), new URL(publicUrl)]
  const isIp = [page, server].some(({ hostname }) => /^[\d.]+$|:/.test(hostname))
  if (isIp) return page.hostname !== server.hostname
  return page.protocol !== server.protocol || siteOf(page) !== siteOf(server)
}

function siteOf({ hostname }: URL): string {
  return hostname.split('.').slice(-2).join('.')
}

export const SETTING_CHECKS: readonly Check[] = [...ofSettings, ...ofPairs]
