import { AsyncLocalStorage } from 'node:async_hooks'

const insideTransaction = new AsyncLocalStorage<true>()

/** Runs a transaction's body so that {@link refuseInsideTransaction} can tell. */
export function asTransactionBody<T>(run: () => Promise<T>): Promise<T> {
  return insideTransaction.run(true, run)
}

/**
 * Inside a transaction everything must go through its `tx`: a neighbour on SQLite's one writing connection would wait for
 * itself, and on either dialect a statement beside the transaction would not see, or not share, its fate.
 */
export function refuseInsideTransaction(): void {
  if (insideTransaction.getStore()) throw new Error('the database was used inside a transaction: use its tx')
}
