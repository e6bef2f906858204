import { type Invariant, isRefresh, sessionsOf } from '../evidence.ts'

/**
 * Over is over: after an acknowledged logout, deletion, disablement or new password, and after a refused refresh of an
 * authentic token, which is the answer to reuse, no later call with that session succeeds.
 */
export const finalEndings: Invariant = {
  name: 'an ended session stays ended',
  *check({ calls }) {
    for (const { own, ofPerson } of sessionsOf(calls)) {
      const endings = [
        ...own.filter((call) => call.action === 'logout' && call.outcome === 'ok'),
        ...own.filter((call) => isRefresh(call) && call.outcome === 'refused'),
        ...ofPerson.filter(({ outcome }) => outcome === 'ok'),
      ]
      const first = endings.reduce<(typeof endings)[number] | null>(
        (earliest, call) => (earliest && earliest.ended <= call.ended ? earliest : call),
        null,
      )
      if (!first) continue
      const later = own.find(
        ({ action, outcome, begun }) =>
          outcome === 'ok' && begun > first.ended && action !== 'login' && action !== 'issue',
      )
      if (later) yield { what: `a ${later.action} succeeded after the session had ended`, calls: [first, later] }
    }
  },
}
