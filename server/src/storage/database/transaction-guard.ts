import { AsyncLocalStorage } from 'node:async_hooks'

const insideTransaction = new AsyncLocalStorage<true>()

/** Runs the body of a transaction, marked as such for {@link refuseInsideTransaction}. */
export function asTransactionBody<T>(run: () => Promise<T>): Promise<T> {
  return insideTransaction.run(true, run)
}

/**
 * Throws inside a transaction, where every statement must go through its `tx`. On SQLite, another write would wait forever
 * for the one writing connection. On either dialect, a statement outside the transaction would not see its changes, or
 * would not be rolled back with it.
 */
export function refuseInsideTransaction(): void {
  if (insideTransaction.getStore()) throw new Error('the database was used inside a transaction: use its tx')
}
