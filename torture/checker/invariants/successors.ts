import { type Invariant, isRefresh } from '../evidence.ts'

/** Each token has at most one successor over all answers, whoever asked, however often, on whatever replica. */
export const oneSuccessor: Invariant = {
  name: 'a token has one successor',
  *check({ calls }) {
    const answered = calls.filter((call) => isRefresh(call) && call.outcome === 'ok')
    for (const [print, same] of Map.groupBy(answered, (call) => call.presented?.print)) {
      const successors = same.filter(({ received }) => received?.print !== print)
      const first = successors[0]
      const other = successors.find(({ received }) => received?.print !== first?.received?.print)
      if (first && other) yield { what: 'two successors of one token', calls: [first, other] }
    }
  },
}

/** An answer holds the token itself, which only a cookie's may, or its successor in the same session. */
export const nextGeneration: Invariant = {
  name: 'a successor is of the next generation',
  *check({ calls }) {
    for (const call of calls.filter((each) => isRefresh(each) && each.outcome === 'ok')) {
      const { presented, received, kind } = call
      if (!presented || !received) yield { what: 'an answer without a refresh token', calls: [call] }
      else if (received.session !== presented.session) yield { what: 'a token of another session', calls: [call] }
      else if (received.generation === presented.generation) {
        if (kind !== 'cookie') yield { what: 'a token was answered with itself', calls: [call] }
        if (received.print !== presented.print) yield { what: 'a generation exists twice', calls: [call] }
      } else if (received.generation !== presented.generation + 1)
        yield { what: 'a generation was skipped', calls: [call] }
    }
  },
}
