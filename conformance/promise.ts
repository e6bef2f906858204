import type { Target } from './target.ts'

/** The contracts by the names of docs/contracts.md, and sessions and account of a user and OAuth, which are Tessera's own. */
export type Contract = 'registration' | 'jwt-api' | 'token-pairs' | 'sessions' | 'account' | 'oauth'

/** One promise of a contract that can be observed from outside the server. */
export interface Promised {
  contract: Contract
  /** Whether the contract's original text makes the promise, or Tessera adds it. */
  source: 'original' | 'addition'
  /** A sentence in the present tense, with its statuses and words. */
  says: string
  /** Resolves if the promise is kept. @throws {Skipped} if the target does not allow the attempt, any other error if broken */
  check(target: Target): Promise<void>
}

/** The target does not allow the attempt; the message is the reason. */
export class Skipped extends Error {
  override readonly name = 'Skipped'
}

/** Returns the two constructors for the promises of one contract. */
export function promisesOf(contract: Contract) {
  const from = (source: Promised['source']) => (says: string, check: Promised['check']) =>
    ({ contract, source, says, check }) satisfies Promised
  return { original: from('original'), addition: from('addition') }
}
