import type { Call } from '../../history.ts'
import { type Invariant, isRefresh, sessionsOf } from '../evidence.ts'

const MOST_PER_HOUR = 3

/** One mail for each session that ended by reuse, and none for one that did not. */
export const reuseMails: Invariant = {
  name: 'reuse is mailed once',
  *check({ stored, looks }) {
    const mailed = Map.groupBy(
      stored.mails.filter(({ kind }) => kind === 'refresh_token_reused'),
      ({ data }) => data['session_id'],
    )
    const byUser = Map.groupBy([...mailed.values()].flat(), ({ email }) => email)
    // A session is gone soon after its end: what was seen of it in the middle counts too.
    const sessions = new Map(
      [...looks, stored].flatMap((look) => look.sessions.map((session) => [session.id, session])),
    )
    for (const { id, email, revoke_reason } of sessions.values()) {
      const mails = mailed.get(id)?.length ?? 0
      const due = revoke_reason === 'reuse' ? 1 : 0
      const hadEnough = mails === 0 && (byUser.get(email)?.length ?? 0) >= MOST_PER_HOUR
      if (mails !== due && !hadEnough)
        yield { what: `session ${id} (${revoke_reason}) has ${mails} mails about reuse`, calls: [] }
    }
  },
}

/** Mails about a new network: once for each session and network, a few for each user, none for a refused refresh. */
export const addressMails: Invariant = {
  name: 'a new network is mailed as the rules say',
  *check({ calls, stored }) {
    const mails = stored.mails.filter(({ kind }) => kind === 'address_changed')
    const own = new Map(sessionsOf(calls).map((session) => [session.id, session.own]))
    const networks = new Set<string>()
    for (const { data } of mails) {
      const [session, network] = [String(data['session_id']), String(data['network'])]
      if (networks.has(`${session} ${network}`)) yield { what: `two mails about ${network} in ${session}`, calls: [] }
      networks.add(`${session} ${network}`)
      const from = (own.get(session) ?? []).filter(({ address }) => address === network)
      if (!from.some((call) => isRefresh(call) && call.outcome !== 'refused'))
        yield { what: `a mail about ${network}, from where nothing succeeded`, calls: from satisfies Call[] }
    }
    for (const [email, all] of Map.groupBy(mails, (mail) => mail.email))
      if (all.length > MOST_PER_HOUR) yield { what: `${email} got ${all.length} mails within an hour`, calls: [] }
  },
}

/** A crash between sending and writing it down brings a second copy; a hanging mail server costs one more. */
const MOST_COPIES = 3

export const deliveredMails: Invariant = {
  name: 'a mail arrives, and not over and over',
  *check({ stored, taken }) {
    for (const [id, { copies, to }] of taken)
      if (copies > MOST_COPIES) yield { what: `${to} got ${copies} copies of ${id}`, calls: [] }
    const arrived = Map.groupBy(taken.values(), ({ to }) => to)
    for (const [email, mails] of Map.groupBy(stored.mails, (mail) => mail.email)) {
      const sent = mails.filter((mail) => mail.sent).length
      // Claimed by a server that was killed since: it leaves two minutes later.
      const stuck = mails.filter((mail) => !mail.sent && !mail.leased).length
      if (stuck > 0) yield { what: `${stuck} mails to ${email} never left`, calls: [] }
      const different = arrived.get(email)?.length ?? 0
      if (different < sent) yield { what: `${sent} mails to ${email} count as sent, ${different} arrived`, calls: [] }
      if (different > mails.length) yield { what: `${email} got ${different} mails of ${mails.length}`, calls: [] }
    }
  },
}
