import { Refusal } from '../../http/contract/refusal.ts'
import { standard } from '../../http/contract/standard.ts'
import type { Guard } from '../../http/endpoint/guard.ts'
import { type Route, route } from '../../http/endpoint/route.ts'
import { bearerToken } from '../../http/guard/bearer.ts'
import type { Bench } from '../bench/bench.ts'
import { createSession } from './create-session.ts'
import { createUsers } from './create-users.ts'
import { expireSession } from './expire-session.ts'
import { moveClock } from './move-clock.ts'
import { readMails } from './read-mails.ts'
import { reset } from './reset.ts'
import { setFault } from './set-fault.ts'
import { stealTokens } from './steal-tokens.ts'

/** The routes of test mode. They are in no other table: no other server has them. */
export function testRoutes(bench: Bench): readonly Route[] {
  const options = { contract: standard, work: 'database', guard: adminKey(bench) } as const
  return [
    route('POST /test/clock', moveClock(bench), options),
    route('POST /test/users', createUsers, options),
    route('POST /test/sessions', createSession, options),
    route('POST /test/sessions/:id/expire', expireSession, options),
    route('POST /test/faults', setFault(bench), options),
    route('POST /test/steal', stealTokens(bench), options),
    route('GET /test/mails', readMails(bench), options),
    route('POST /test/reset', reset(bench), options),
  ]
}

/** The paths that change nothing which remembers the time. */
export const TIMELESS_PATHS: ReadonlySet<string> = new Set(['/test/clock', '/test/users', '/test/reset'])

/** Allows the one who started the server: pages of other sites, and other programs of the machine, cannot know the key. */
function adminKey({ isAdminKey }: Bench): Guard {
  const refusal = () => new Refusal(401, 'invalid_admin_key', 'Send the admin key: Authorization: Bearer …')
  return {
    async check(_ctx, request) {
      const token = bearerToken(request)
      if (token === null || !isAdminKey(token)) throw refusal()
    },
    scheme: () => null,
    refusals: () => [refusal()],
  }
}
