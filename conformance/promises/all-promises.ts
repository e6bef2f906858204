import type { Promised } from '../promise.ts'
import { account } from './account.ts'
import { authentication } from './authentication.ts'
import { oauth } from './oauth.ts'
import { ownSessions } from './own-sessions.ts'
import { pairs } from './pairs.ts'
import { registration } from './registration.ts'
import { sessions } from './sessions.ts'

/**
 * Every promise of the three contracts and of the users' own sessions and accounts and of OAuth, in reading order. Promises are
 * independent of each other and of their order.
 */
export const promises: readonly Promised[] = [
  ...registration,
  ...authentication,
  ...sessions,
  ...pairs,
  ...ownSessions,
  ...account,
  ...oauth,
]
