import type { Invariant } from '../evidence.ts'
import { mayBeKept } from '../kept-tokens.ts'
import { isRefresh } from '../session-calls.ts'

/** All answers to one token have the same successor, for all clients and replicas, however often it is presented. */
export const oneSuccessor: Invariant = {
  name: 'a token has one successor',
  *check({ calls }) {
    const answered = calls.filter((call) => isRefresh(call) && call.outcome === 'ok')
    for (const [fingerprint, same] of Map.groupBy(answered, (call) => call.presented?.fingerprint)) {
      const successors = same.filter(({ received }) => received?.fingerprint !== fingerprint)
      const first = successors[0]
      const other = successors.find(({ received }) => received?.fingerprint !== first?.received?.fingerprint)
      if (first && other) yield { what: 'two successors of one token', calls: [first, other] }
    }
  },
}

/** An answer has the token's successor in the same session or, in a cookie or with an attempt, the token itself. */
export const nextGeneration: Invariant = {
  name: 'a successor is of the next generation',
  *check({ calls }) {
    for (const call of calls.filter((each) => isRefresh(each) && each.outcome === 'ok')) {
      const { presented, received } = call
      if (!presented || !received) yield { what: 'an answer without a refresh token', calls: [call] }
      else if (received.session !== presented.session) yield { what: 'a token of another session', calls: [call] }
      else if (received.generation === presented.generation) {
        if (!mayBeKept(call)) yield { what: 'a token was answered with itself', calls: [call] }
        if (received.fingerprint !== presented.fingerprint)
          yield { what: 'two tokens of one generation', calls: [call] }
      } else if (received.generation !== presented.generation + 1)
        yield { what: 'a generation was skipped', calls: [call] }
    }
  },
}
