import type { Invariant } from '../evidence.ts'
import { mayBeReuse } from '../possible-reuse.ts'
import { isRefresh, sessionsOf } from '../session-calls.ts'

const MAX_PER_HOUR = 3

/** There is one mail for each session that ended by reuse, and none for any other. */
export const reuseMails: Invariant = {
  name: 'reuse is mailed once',
  *check({ calls, final, snapshots, settings }) {
    const mails = final.mails.filter(({ kind }) => kind === 'refresh_token_reused')
    const bySession = Map.groupBy(mails, ({ data }) => data['session_id'])
    const byUser = Map.groupBy(mails, ({ email }) => email)
    // Sessions are deleted soon after their end, so those of earlier snapshots count too.
    const sessions = new Map(
      [...snapshots, final].flatMap((snapshot) => snapshot.sessions.map((session) => [session.id, session])),
    )
    const remaining = new Set(final.sessions.map(({ id }) => id))
    const callsOf = new Map(sessionsOf(calls).map(({ id, own }) => [id, own]))
    // A session that is deleted soon after its reuse may be active in the last snapshot that has it.
    const mayBeUnseen = (id: string) => {
      const own = callsOf.get(id) ?? []
      return !remaining.has(id) && own.some((call) => call.outcome !== 'ok' && mayBeReuse(call, own, settings))
    }
    for (const { id, email, revoke_reason } of sessions.values()) {
      const count = bySession.get(id)?.length ?? 0
      const expected = revoke_reason === 'reuse' ? 1 : 0
      const isLimited = count === 0 && (byUser.get(email)?.length ?? 0) >= MAX_PER_HOUR
      const isUnseen = count === 1 && revoke_reason === null && mayBeUnseen(id)
      if (count !== expected && !isLimited && !isUnseen)
        yield { what: `session ${id} (${revoke_reason}) has ${count} mails about reuse`, calls: [] }
    }
  },
}

/** Mails about a new network: one for each session and network, a few for each user, none for a refused refresh. */
export const networkMails: Invariant = {
  name: 'a new network is mailed within the limits',
  *check({ calls, final }) {
    const mails = final.mails.filter(({ kind }) => kind === 'address_changed')
    const own = new Map(sessionsOf(calls).map((session) => [session.id, session.own]))
    const mailed = new Set<string>()
    for (const { data } of mails) {
      const [session, network] = [String(data['session_id']), String(data['network'])]
      if (mailed.has(`${session} ${network}`)) yield { what: `two mails about ${network} in ${session}`, calls: [] }
      mailed.add(`${session} ${network}`)
      const calls = (own.get(session) ?? []).filter(({ address }) => address === network)
      if (!calls.some((call) => isRefresh(call) && call.outcome !== 'refused'))
        yield { what: `a mail about ${network}, where no refresh succeeded`, calls }
    }
    for (const [email, all] of Map.groupBy(mails, (mail) => mail.email))
      if (all.length > MAX_PER_HOUR) yield { what: `${email} got ${all.length} mails within an hour`, calls: [] }
  },
}

/** A crash between sending a mail and recording it costs a second copy; a hanging mail server costs one more. */
const MAX_COPIES = 3

export const deliveredMails: Invariant = {
  name: 'a mail is delivered, and not again and again',
  *check({ final, deliveries }) {
    for (const [id, { copies, to }] of deliveries)
      if (copies > MAX_COPIES) yield { what: `${to} got ${copies} copies of ${id}`, calls: [] }
    const delivered = Map.groupBy(deliveries.values(), ({ to }) => to)
    for (const [email, mails] of Map.groupBy(final.mails, (mail) => mail.email)) {
      const sent = mails.filter((mail) => mail.sent).length
      // A leased mail was claimed by a server that was killed since; it is sent when the lease expires.
      const stuck = mails.filter((mail) => !mail.sent && !mail.leased && !mail.dropped).length
      if (stuck > 0) yield { what: `${stuck} mails to ${email} were never sent`, calls: [] }
      const received = delivered.get(email)?.length ?? 0
      if (received < sent) yield { what: `${sent} mails to ${email} count as sent, ${received} arrived`, calls: [] }
      if (received > mails.length) yield { what: `${email} got ${received} mails of ${mails.length}`, calls: [] }
    }
  },
}
