import { type Invariant, mayBeOverFrom, type Stored, sessionsOf } from '../evidence.ts'

/** Each chain is whole in the database: one or two tokens, one after the other, the last unused, no generation twice. */
export const wholeChains: Invariant = {
  name: 'a chain is whole in the database',
  *check({ stored, looks }) {
    for (const look of [...looks, stored]) yield* brokenChains(look)
  },
}

function* brokenChains(stored: Stored): Iterable<{ what: string; calls: [] }> {
  const byId = Map.groupBy(stored.tokens, ({ session_id }) => session_id)
  for (const { id, revoke_reason } of stored.sessions) {
    const tokens = (byId.get(id) ?? []).toSorted((a, b) => a.generation - b.generation)
    const [first, second] = tokens
    if (tokens.length > 2) yield { what: `session ${id} has ${tokens.length} tokens`, calls: [] }
    if (first && second && second.generation !== first.generation + 1)
      yield { what: `session ${id} has generations ${first.generation} and ${second.generation}`, calls: [] }
    if (tokens.at(-1)?.used) yield { what: `the newest token of session ${id} is used up`, calls: [] }
    if (tokens.length === 0 && revoke_reason === null) yield { what: `session ${id} lives without a token`, calls: [] }
  }
}

/** Nothing that was acknowledged is missing, and nothing has ended that nobody ended. */
export const nothingLost: Invariant = {
  name: 'what was acknowledged is in the database',
  *check({ calls, stored, settings, readAt }) {
    const newest = new Map<string, number>()
    for (const { session_id, generation } of stored.tokens)
      newest.set(session_id, Math.max(generation, newest.get(session_id) ?? 0))
    const sessions = new Map(stored.sessions.map((session) => [session.id, session]))
    for (const session of sessionsOf(calls)) {
      const row = sessions.get(session.id)
      const over = mayBeOverFrom(session, settings)
      if (over > readAt && (!row || row.revoke_reason !== null))
        yield {
          what: `session ${session.id} ended (${row?.revoke_reason ?? 'deleted'}) and nobody ended it`,
          calls: [],
        }
      if (row?.revoke_reason === 'rolled_back') yield { what: `session ${session.id} lost its history`, calls: [] }
      if (!row || row.revoke_reason !== null) continue
      const acknowledged = Math.max(0, ...session.own.map(({ received }) => received?.generation ?? 0))
      if ((newest.get(session.id) ?? -1) < acknowledged)
        yield { what: `session ${session.id} is behind its acknowledged generation ${acknowledged}`, calls: [] }
    }
  },
}
