import { ABOUT_USER, type Invariant, isRefresh, mayBeOverFrom, mayBeReuse, sessionsOf } from '../evidence.ts'

/**
 * No refusal without a cause that the documents name: a session that may have been ended, a token that may have been used by
 * somebody else. So no crash, cut, outage or clock ends a session, and no theft ends another one's. A client with a key can
 * always go on; one without can within the window.
 */
export const explainedRefusals: Invariant = {
  name: 'a session ends for a reason',
  *check({ calls, settings }) {
    for (const session of sessionsOf(calls)) {
      const refused = session.own.filter(({ outcome }) => outcome === 'refused')
      if (refused.length === 0) continue
      const over = mayBeOverFrom(session, settings)
      for (const call of refused) {
        if (call.mixed || call.endedAt >= over || mayBeReuse(call, session.own, settings)) continue
        const tokenMayBeOld =
          call.action === 'me' &&
          call.endedAt - lastAnswer(session.own, call.startedAt) > settings.accessTokenMilliseconds
        if (!tokenMayBeOld) yield { what: `a ${call.action} was refused without a reason`, calls: [call] }
      }
    }
  },
}

/** When the newest access token was asked for. */
function lastAnswer(own: readonly { startedAt: number; received: unknown }[], before: number): number {
  return Math.max(
    -Infinity,
    ...own.filter(({ startedAt, received }) => received && startedAt < before).map(({ startedAt }) => startedAt),
  )
}

/** Whoever was told that they have signed up can log in, until something is done to their account. */
export const signUpsLast: Invariant = {
  name: 'an acknowledged sign-up can log in',
  *check({ calls }) {
    for (const [, own] of Map.groupBy(calls, ({ user }) => user)) {
      const signedUp = own.find(({ action, outcome }) => action === 'sign_up' && outcome === 'ok')
      const again = own.find(
        (call) => call.action === 'sign_up' && call !== signedUp && call.outcome === 'ok' && signedUp,
      )
      if (signedUp && again) yield { what: 'one address was signed up twice', calls: [signedUp, again] }
      const changed = own.filter(({ action }) => ABOUT_USER.includes(action))
      for (const call of own.filter(({ action, outcome }) => action === 'login' && outcome === 'refused')) {
        const known = own.some(({ action, startedAt }) => action === 'sign_up' && startedAt < call.startedAt)
        if (known && !changed.some(({ startedAt, outcome }) => outcome !== 'refused' && startedAt < call.endedAt))
          yield { what: 'a user who had signed up was not let in', calls: [call] }
      }
    }
  },
}

/** Halves of two pairs are refused, and cost neither. */
export const mixedHalves: Invariant = {
  name: 'mixed halves are refused',
  *check({ calls }) {
    for (const call of calls.filter(({ mixed, outcome }) => mixed && outcome === 'ok'))
      yield { what: 'a pair was refreshed with the access token of another', calls: [call] }
  },
}

/** What the service may answer at all. */
export const knownAnswers: Invariant = {
  name: 'an answer is one of the documented ones',
  *check({ calls, bugs }) {
    const known: Record<string, number[]> = {
      sign_up: [200, 422, 503],
      delete: [204, 401, 404, 503],
      issue: [200, 404, 503],
    }
    for (const call of calls)
      if (call.status !== null && !(known[call.action] ?? [200, 401, 503]).includes(call.status))
        yield { what: `a ${call.action} was answered ${call.status}`, calls: [call] }
    for (const line of bugs) yield { what: `a server logged a bug: ${line}`, calls: [] }
  },
}

/** A machine that has just restarted everything needs a moment. */
const RECOVERY_MILLISECONDS = 10_000

/** Once no harm is done any more, every call is answered and every client that may go on does. */
export const recovery: Invariant = {
  name: 'a service that is whole answers',
  *check({ calls, healedAt }) {
    for (const call of calls)
      if (call.startedAt > healedAt + RECOVERY_MILLISECONDS && call.outcome === 'unknown')
        yield { what: `a ${call.action} was not answered after all harm had ended`, calls: [call] }
    if (!calls.some((call) => call.startedAt > healedAt && isRefresh(call) && call.outcome === 'ok'))
      yield { what: 'nobody refreshed after all harm had ended', calls: [] }
  },
}
