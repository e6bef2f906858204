import type { Evidence, Violation } from './evidence.ts'
import { absoluteEnds, closedAccounts, finalEndings } from './invariants/endings.ts'
import { addressMails, deliveredMails, reuseMails } from './invariants/mails.ts'
import { explainedRefusals, knownAnswers, mixedHalves, recovery, signUpsLast } from './invariants/refusals.ts'
import { nothingLost, wholeChains } from './invariants/stored.ts'
import { nextGeneration, oneSuccessor } from './invariants/successors.ts'
import { caughtThieves } from './invariants/thieves.ts'

export const INVARIANTS = [
  oneSuccessor,
  nextGeneration,
  explainedRefusals,
  finalEndings,
  absoluteEnds,
  closedAccounts,
  caughtThieves,
  mixedHalves,
  signUpsLast,
  knownAnswers,
  recovery,
  wholeChains,
  nothingLost,
  reuseMails,
  addressMails,
  deliveredMails,
] as const

/** Holds what happened, and what the database holds, against everything that was promised. */
export function check(evidence: Evidence): Violation[] {
  return INVARIANTS.flatMap((invariant) =>
    [...invariant.check(evidence)].map((violation) => ({ invariant: invariant.name, ...violation })),
  )
}
