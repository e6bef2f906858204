import type { Call } from '../../history.ts'
import type { Invariant } from '../evidence.ts'
import { endsAllSessions, isRefresh, opensSession, sessionsOf } from '../session-calls.ts'

/**
 * No call with a session succeeds after the session ended: after an acknowledged logout, end by its user, deletion,
 * disablement, new or reset password, after a login that replaced its cookie, or after a refused refresh of an authentic token, which is the answer to
 * reuse.
 */
export const finalEndings: Invariant = {
  name: 'an ended session stays ended',
  *check({ calls }) {
    for (const { own, endings } of sessionsOf(calls)) {
      const ended = [
        // A refused reset means that an earlier one without an answer has used the link up.
        ...endings.filter(
          ({ outcome, action }) => outcome === 'ok' || (action === 'reset_password' && outcome === 'refused'),
        ),
        // A refused logout, and an end that finds nothing to end, mean that the session had ended before.
        ...own.filter((call) => call.outcome === 'refused' && (isRefresh(call) || endsOnce(call))),
      ]
      const [first] = ended.toSorted((a, b) => a.endedAt - b.endedAt)
      if (!first) continue
      const later = own.find((call) => call.outcome === 'ok' && call.startedAt > first.endedAt && !opensSession(call))
      if (later) yield { what: `a ${later.action} succeeded after the session had ended`, calls: [first, later] }
    }
  },
}

function endsOnce({ action, status, presented }: Call): boolean {
  return (
    action === 'logout' || (action === 'end_session' && status === 404) || (action === 'end_all' && presented !== null)
  )
}

const TOLERANCE_MILLISECONDS = 1000

/** A session ends at its maximum age, however often it is refreshed. */
export const maximumAge: Invariant = {
  name: 'no session outlives its maximum age',
  *check({ calls, settings }) {
    for (const { own } of sessionsOf(calls)) {
      const opening = own.find(opensSession)
      const end = (opening?.endedAt ?? Infinity) + settings.sessionMaxAgeMilliseconds + TOLERANCE_MILLISECONDS
      const late = own.find(({ startedAt, outcome }) => outcome === 'ok' && startedAt > end)
      if (opening && late)
        yield { what: `a ${late.action} succeeded after the session's maximum age`, calls: [opening, late] }
    }
  },
}

/** A user who was deleted or disabled, or whose password was changed, cannot log in as before. */
export const closedAccounts: Invariant = {
  name: 'a closed account cannot log in',
  *check({ calls }) {
    for (const [, own] of Map.groupBy(calls, ({ user }) => user)) {
      const closed = own.find((call) => endsAllSessions(call) && call.outcome === 'ok')
      if (!closed) continue
      const later = own.find(
        ({ action, outcome, startedAt }) => action === 'login' && outcome === 'ok' && startedAt > closed.endedAt,
      )
      if (later) yield { what: `a login succeeded after ${closed.action}`, calls: [closed, later] }
    }
  },
}
