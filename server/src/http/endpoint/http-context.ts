import type { Context } from '../../auth/context/context.ts'
import type { Limiter } from '../../auth/limit/limiter.ts'
import type { RevocationFeed } from '../../auth/revocation/revocation-feed.ts'
import type { ServiceKeys } from '../../crypto/keys/service-keys.ts'
import type { Sender } from '../../mail/messages/sender.ts'
import type { MetricsPage } from '../../observe/serve-metrics.ts'
import type { Maintenance } from '../../storage/transfer/maintenance.ts'
import type { IpRanges } from '../../text/ip-address.ts'

/** The context of endpoints and guards: the rules' context and the settings of the HTTP edge. */
export interface HttpContext extends Context {
  /** Shared by all replicas; protects passwords. */
  limiter: Limiter
  /** Local to this process: it costs no query and depends on no store. */
  processLimiter: Limiter
  /** The list of what has ended lately. */
  revocations: RevocationFeed
  edge: EdgeSettings
  /** The page of all metrics; null where no setting names a way to read it. */
  metricsPage: MetricsPage | null
  /** Whether the server will soon close, and should get no more traffic. */
  isStopping: () => boolean
  /** The maintenance that is on; null while clients are served. */
  maintenance: () => Maintenance | null
}

export interface EdgeSettings {
  production: boolean
  /** The name or address that the server listens on. */
  host: string
  pairIssuance: 'service' | 'demo' | 'off'
  /** The clients that may read the list of endings. */
  revocations: 'public' | 'service' | 'off'
  serviceKeys: ServiceKeys
  demoFrom: IpRanges
  trustedProxies: IpRanges
  requireHttps: boolean
  /** The requests that have a line in the log: all, those with a 5xx, or none. */
  logsRequests: 'all' | 'errors' | 'off'
  /** Whether clients have limits and shares. */
  rateLimit: boolean
  /** Points per network and minute. */
  limits: { refreshes: number; pairs: number; refusals: number }
  /** How long a connection stays open without a request. */
  keepAliveSeconds: number
  /** The policy of `Strict-Transport-Security` on answers over HTTPS. */
  hsts: 'subdomains' | 'host' | 'off'
  /** The origin of `PUBLIC_URL`. */
  publicOrigin: string | null
  /** Returns the issuer of tokens, and the address below which verifiers look for it and its keys; null if the settings name none. */
  issuer: () => { issuer: string; address: string } | null
  /** Whether pages of an origin may call from a browser. */
  allowsOrigin: (origin: string) => boolean
  /** Whether there may be such pages: without any, no request is looked at for CORS. */
  allowsPages: boolean
  cookieMode: boolean
  /** Whether cookies are written with the attempt behind the token. */
  cookieAttempts: boolean
  /** The attribute of the refresh cookie: `lax` sends it on navigations from other sites, too. */
  cookieSameSite: 'strict' | 'lax'
  /** Whether users may sign in with a code by mail. */
  emailLogin: boolean
  /** Whether `/`, `/docs` and `/openapi.json` are served. */
  apiPages: boolean
  /** The roles that users may have, for the description of the API. */
  roles: readonly string[]
  /** Whether mails are shown in the browser: in development, when no mail server is configured. */
  showsMailbox: boolean
  sender: Sender
}
