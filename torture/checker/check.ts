import type { Evidence, Violation } from './evidence.ts'
import { closedAccounts, finalEndings, maximumAge } from './invariants/endings.ts'
import { deliveredMails, networkMails, reuseMails } from './invariants/mails.ts'
import {
  documentedAnswers,
  explainedRefusals,
  lastingSignUps,
  mixedHalves,
  otherWays,
  recovery,
} from './invariants/refusals.ts'
import { intactChains, nothingLost } from './invariants/stored.ts'
import { nextGeneration, oneSuccessor } from './invariants/successors.ts'
import { caughtThieves } from './invariants/thieves.ts'

export const INVARIANTS = [
  oneSuccessor,
  nextGeneration,
  explainedRefusals,
  finalEndings,
  maximumAge,
  closedAccounts,
  caughtThieves,
  mixedHalves,
  otherWays,
  lastingSignUps,
  documentedAnswers,
  recovery,
  intactChains,
  nothingLost,
  reuseMails,
  networkMails,
  deliveredMails,
] as const

/** Checks the history and the database of a run against every invariant. */
export function check(evidence: Evidence): Violation[] {
  return INVARIANTS.flatMap((invariant) =>
    [...invariant.check(evidence)].map((violation) => ({ invariant: invariant.name, ...violation })),
  )
}
