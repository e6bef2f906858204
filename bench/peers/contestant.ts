import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Pace } from '../load/repeat-for.ts'
import type { Order } from './load.ts'
import type { ProductKey } from './products.ts'

/** A product, and a process that puts load on it. */
export interface Contestant {
  product: ProductKey
  measure: (order: Order) => Promise<Pace>
  end: () => void
}

/**
 * Starts the load, whose clients each have a user and a session.
 *
 * @throws if any request is not answered with success; the load then prints the answer to standard error
 */
export async function startContestant(product: ProductKey, url: string, clients: number): Promise<Contestant> {
  const load = fork(join(import.meta.dirname, 'load.ts'), [product, url, String(clients)])
  process.once('exit', () => load.kill('SIGKILL'))
  let ended = false
  const lost = once(load, 'exit').then(() => {
    if (!ended) throw new Error(`The load on ${product} failed: its error is printed above.`)
  })
  lost.catch(() => {}) // `next` throws it
  const next = async () => (await Promise.race([once(load, 'message'), lost]))?.[0]
  await next()
  return {
    product,
    measure(order) {
      load.send(order)
      return next()
    },
    end() {
      ended = true
      load.kill()
    },
  }
}
