import { ABOUT_USER, type Invariant, isRefresh, sessionsOf } from '../evidence.ts'

/**
 * Over is over: after an acknowledged logout, deletion, disablement or new password, and after a refused refresh of an
 * authentic token, which is the answer to reuse, no later call with that session succeeds.
 */
export const finalEndings: Invariant = {
  name: 'an ended session stays ended',
  *check({ calls }) {
    for (const { own, ofUser } of sessionsOf(calls)) {
      const endings = [
        // A logout that is refused says that the session was over before.
        ...own.filter(({ action, outcome }) => action === 'logout' && outcome !== 'unknown'),
        ...own.filter((call) => isRefresh(call) && call.outcome === 'refused'),
        ...ofUser.filter(({ outcome }) => outcome === 'ok'),
      ]
      const first = endings.reduce<(typeof endings)[number] | null>(
        (earliest, call) => (earliest && earliest.endedAt <= call.endedAt ? earliest : call),
        null,
      )
      if (!first) continue
      const later = own.find(
        ({ action, outcome, startedAt }) =>
          outcome === 'ok' && startedAt > first.endedAt && action !== 'login' && action !== 'issue',
      )
      if (later) yield { what: `a ${later.action} succeeded after the session had ended`, calls: [first, later] }
    }
  },
}

const SLACK_MILLISECONDS = 1000

/** However faithfully it is refreshed, a session ends at its absolute end. */
export const absoluteEnds: Invariant = {
  name: 'no session outlives its absolute end',
  *check({ calls, settings }) {
    for (const { own } of sessionsOf(calls)) {
      const birth = own.find(({ action }) => action === 'login' || action === 'issue')
      const end = (birth?.endedAt ?? Infinity) + settings.sessionMaxAgeMilliseconds + SLACK_MILLISECONDS
      const late = own.find(({ startedAt, outcome }) => outcome === 'ok' && startedAt > end)
      if (birth && late) yield { what: `a ${late.action} succeeded after the session's end`, calls: [birth, late] }
    }
  },
}

/** Who was deleted or disabled, or has a new password, does not get in as before. */
export const closedAccounts: Invariant = {
  name: 'a closed account lets nobody in',
  *check({ calls }) {
    for (const [, own] of Map.groupBy(calls, ({ user }) => user)) {
      const closed = own.find(({ action, outcome }) => ABOUT_USER.includes(action) && outcome === 'ok')
      if (!closed) continue
      const later = own.find(
        ({ action, outcome, startedAt }) => action === 'login' && outcome === 'ok' && startedAt > closed.endedAt,
      )
      if (later) yield { what: `a login succeeded after ${closed.action}`, calls: [closed, later] }
    }
  },
}
