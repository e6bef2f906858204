import type { Context } from '../../auth/context/context.ts'
import type { Limiter } from '../../auth/limit/limiter.ts'
import type { ServiceKeys } from '../../crypto/service-keys.ts'
import type { Sender } from '../../mail/messages/sender.ts'
import type { IpRanges } from '../../text/ip-address.ts'

/** What endpoints and guards need: the rules' context, and the settings of the edge. */
export interface HttpContext extends Context {
  /** Shared by all replicas: what guards passwords. */
  limiter: Limiter
  /** This process's own: it costs no statement, and no store can be away. */
  ownLimiter: Limiter
  edge: EdgeSettings
}

export interface EdgeSettings {
  production: boolean
  pairIssuance: 'service' | 'demo' | 'off'
  serviceKeys: ServiceKeys
  demoFrom: IpRanges
  trustedProxies: IpRanges
  requireHttps: boolean
  /** Whose pages may call from a browser. */
  corsOrigins: readonly string[]
  cookieMode: boolean
  /** Whether mails are shown in the browser: in development, while no mail server would deliver them. */
  showsMailbox: boolean
  sender: Sender
}
