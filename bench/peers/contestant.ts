import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Pace } from '../repeat-for.ts'
import type { Order } from './load.ts'
import type { ProductKey } from './products.ts'

/** A product that is asked by a process of load of its own. */
export interface Contestant {
  product: ProductKey
  measure: (order: Order) => Promise<Pace>
  end: () => void
}

/**
 * Starts the load, and the clients with a person and a session each.
 *
 * @throws when any request was not answered as it should be; the load has then written the answer to standard error
 */
export async function startContestant(product: ProductKey, url: string, clients: number): Promise<Contestant> {
  const load = fork(join(import.meta.dirname, 'load.ts'), [product, url, String(clients)])
  process.once('exit', () => load.kill('SIGKILL'))
  let ended = false
  const lost = once(load, 'exit').then(() => {
    if (!ended) throw new Error(`the load on ${product} failed, as said above`)
  })
  lost.catch(() => {}) // whoever waits for an answer hears of it
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
