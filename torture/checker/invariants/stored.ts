import type { Invariant, Snapshot } from '../evidence.ts'
import { mayHaveEndedAt } from '../possible-reuse.ts'
import { endsByUser, opensSession, sessionsOf } from '../session-calls.ts'

/** Each session has one or two tokens of consecutive generations, and the newest is unused. */
export const intactChains: Invariant = {
  name: 'a chain is intact in the database',
  *check({ final, snapshots }) {
    for (const snapshot of [...snapshots, final]) yield* brokenChains(snapshot)
  },
}

function* brokenChains(snapshot: Snapshot): Iterable<{ what: string; calls: [] }> {
  const bySession = Map.groupBy(snapshot.tokens, ({ session_id }) => session_id)
  for (const { id, revoke_reason } of snapshot.sessions) {
    const tokens = (bySession.get(id) ?? []).toSorted((a, b) => a.generation - b.generation)
    const [first, second] = tokens
    if (tokens.length > 2) yield { what: `session ${id} has ${tokens.length} tokens`, calls: [] }
    if (first && second && second.generation !== first.generation + 1)
      yield { what: `session ${id} has generations ${first.generation} and ${second.generation}`, calls: [] }
    if (tokens.at(-1)?.used) yield { what: `the newest token of session ${id} is used`, calls: [] }
    if (tokens.length === 0 && revoke_reason === null)
      yield { what: `session ${id} is active without a token`, calls: [] }
  }
}

/** No acknowledged change is missing, and no session ended without a call that can have ended it. */
export const nothingLost: Invariant = {
  name: 'acknowledged changes are in the database',
  *check({ calls, final, settings, readAt }) {
    const newest = new Map<string, number>()
    for (const { session_id, generation } of final.tokens)
      newest.set(session_id, Math.max(generation, newest.get(session_id) ?? 0))
    const sessions = new Map(final.sessions.map((session) => [session.id, session]))
    for (const session of sessionsOf(calls)) {
      const row = sessions.get(session.id)
      const end = row ? row.revoke_reason : 'deleted'
      if (end !== null && mayHaveEndedAt(session, settings) > readAt)
        yield { what: `session ${session.id} ended (${end}) though no call ended it`, calls: [] }
      const ending = session.endings.find(({ outcome }) => outcome === 'ok')
      if (end === null && ending)
        yield { what: `session ${session.id} is active though a ${ending.action} ended it`, calls: [ending] }
      if (end === 'displaced' && !session.endings.some(opensSession))
        yield { what: `session ${session.id} was displaced though no login replaced its cookie`, calls: [] }
      if (end === 'ended' && !session.endings.some(endsByUser))
        yield { what: `session ${session.id} was ended by its user though no call asked for it`, calls: [] }
      if (end === 'password_reset' && !session.endings.some(({ action }) => action === 'reset_password'))
        yield { what: `session ${session.id} was ended by a reset though no call asked for it`, calls: [] }
      if (end === 'rolled_back') yield { what: `session ${session.id} lost its history`, calls: [] }
      if (end !== null) continue
      const acknowledged = Math.max(0, ...session.own.map(({ received }) => received?.generation ?? 0))
      if ((newest.get(session.id) ?? -1) < acknowledged)
        yield { what: `session ${session.id} is behind its acknowledged generation ${acknowledged}`, calls: [] }
    }
  },
}
