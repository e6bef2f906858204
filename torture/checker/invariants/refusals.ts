import type { Invariant } from '../evidence.ts'
import { mayBeReuse, mayHaveEndedAt } from '../possible-reuse.ts'
import { endsAllSessions, isRefresh, sendsAccessToken, sessionsOf } from '../session-calls.ts'

/** An access token ends with its session at the latest, in whole seconds: its last part may be missing. */
const ROUNDING_MILLISECONDS = 1000

/**
 * Every refusal has a documented cause: the session may have been ended, or another client may have used the token. So no
 * crash, cut, outage or clock ends a session, and a theft ends no session but its own. A client with a key can always
 * continue; one without a key can within the window.
 */
export const explainedRefusals: Invariant = {
  name: 'a session ends for a reason',
  *check({ calls, settings }) {
    for (const session of sessionsOf(calls)) {
      const refused = session.own.filter(({ outcome }) => outcome === 'refused')
      if (refused.length === 0) continue
      const endedAt = mayHaveEndedAt(session, settings)
      const lastSecond = (session.requestedAt ?? 0) + settings.sessionMaxAgeMilliseconds - ROUNDING_MILLISECONDS
      for (const call of refused) {
        if (call.mixed || call.sentAs || call.endedAt >= endedAt || mayBeReuse(call, session.own, settings)) continue
        const age = call.endedAt - newestAccessToken(session.own, call.startedAt)
        const isOld = age > settings.accessTokenMilliseconds || call.endedAt >= lastSecond
        const mayHaveExpired = sendsAccessToken(call) && isOld
        if (!mayHaveExpired) yield { what: `a ${call.action} was refused without a reason`, calls: [call] }
      }
    }
  },
}

/** When the newest access token was requested. */
function newestAccessToken(own: readonly { startedAt: number; received: unknown }[], before: number): number {
  const issuing = own.filter(({ startedAt, received }) => received && startedAt < before)
  return Math.max(-Infinity, ...issuing.map(({ startedAt }) => startedAt))
}

/** A user whose sign-up was acknowledged can log in until their account is changed. */
export const lastingSignUps: Invariant = {
  name: 'an acknowledged sign-up can log in',
  *check({ calls }) {
    for (const [, own] of Map.groupBy(calls, ({ user }) => user)) {
      const signUps = own.filter(({ action }) => action === 'sign_up')
      const [first, second] = signUps.filter(({ outcome }) => outcome === 'ok')
      if (first && second) yield { what: 'one address was signed up twice', calls: [first, second] }
      const changes = own.filter((call) => endsAllSessions(call) && call.outcome !== 'refused')
      for (const call of own.filter(({ action, outcome }) => action === 'login' && outcome === 'refused')) {
        const isSignedUp = signUps.some(({ startedAt }) => startedAt < call.startedAt)
        const mayBeChanged = changes.some(({ startedAt }) => startedAt < call.endedAt)
        if (isSignedUp && !mayBeChanged) yield { what: 'a login of a signed-up user was refused', calls: [call] }
      }
    }
  },
}

/** The halves of two pairs are refused together, and both pairs stay valid. */
export const mixedHalves: Invariant = {
  name: 'the halves of two pairs are refused',
  *check({ calls }) {
    for (const call of calls.filter(({ mixed, outcome }) => mixed && outcome === 'ok'))
      yield { what: 'a pair was refreshed with the access token of another', calls: [call] }
  },
}

/** A token is refused where it travels in another way than it was issued in, even if it is valid; that ends nothing. */
export const otherWays: Invariant = {
  name: 'a token refreshes only in its own way',
  *check({ calls }) {
    for (const call of calls.filter(({ sentAs, outcome }) => sentAs !== null && outcome === 'ok'))
      yield { what: `the token of a ${call.kind} was refreshed as that of a ${call.sentAs}`, calls: [call] }
  },
}

/** The service answers with documented statuses only, and logs no bug. */
export const documentedAnswers: Invariant = {
  name: 'an answer is one of the documented ones',
  *check({ calls, bugs }) {
    const documented: Record<string, number[]> = {
      sign_up: [200, 422, 503],
      delete: [204, 401, 404, 503],
      end_session: [204, 401, 404, 503],
      issue: [200, 404, 503],
      forgot_password: [202, 503],
      reset_password: [204, 422, 503],
    }
    for (const call of calls)
      if (call.status !== null && !(documented[call.action] ?? [200, 401, 503]).includes(call.status))
        yield { what: `a ${call.action} was answered ${call.status}`, calls: [call] }
    for (const line of bugs) yield { what: `a server reported a bug: ${line}`, calls: [] }
  },
}

/** A machine that has just restarted everything needs this long. */
const RECOVERY_MILLISECONDS = 10_000

/** When no more faults are injected, every call is answered, and clients continue. */
export const recovery: Invariant = {
  name: 'a healthy service answers',
  *check({ calls, healedAt }) {
    for (const call of calls)
      if (call.startedAt > healedAt + RECOVERY_MILLISECONDS && call.outcome === 'unknown')
        yield { what: `a ${call.action} was not answered after the last fault`, calls: [call] }
    if (!calls.some((call) => call.startedAt > healedAt && isRefresh(call) && call.outcome === 'ok'))
      yield { what: 'no client refreshed after the last fault', calls: [] }
  },
}
