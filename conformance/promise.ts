import type { Target } from './target.ts'

export type Contract = 'registration' | 'authentication' | 'pairs'

/** One thing that a contract promises and that can be seen from outside. */
export interface Promised {
  contract: Contract
  /** `document`: stands in the seed document itself. `contract`: what Tessera's contracts settle beyond it. */
  source: 'document' | 'contract'
  /** One sentence in the present tense, with its statuses and words. */
  says: string
  /** Resolves when it is kept; throws {@link Skipped} when this target does not let one try, anything else when broken. */
  check(target: Target): Promise<void>
}

/** This target does not let one try; the message is the reason. */
export class Skipped extends Error {
  override readonly name = 'Skipped'
}

/** The two ways to write down a promise of one contract. */
export function promisesOf(contract: Contract) {
  const from = (source: Promised['source']) => (says: string, check: Promised['check']) =>
    ({ contract, source, says, check }) satisfies Promised
  return { document: from('document'), contract: from('contract') }
}
