// Measures Tessera with key pairs beside Tessera with the shared secret, and Tessera with metrics beside Tessera without
// them, as parts of `npm run bench`.
import { freePort } from '../harness/free-port.ts'
import { median, spread } from '../harness/statistics.ts'
import type { Rounds } from './load/compare.ts'
import { type Contestant, startContestant } from './load/contestant.ts'
import type { Work } from './load/load.ts'
import { processorSeconds } from './machine/process-use.ts'

const LABELS: Partial<Record<Work, string>> = {
  me: '`/me`, tokens seen before',
  mix: '20 uses of a token, then a refresh',
  refresh: 'refreshes',
  new: 'a refresh and one `/me`, each token new',
}

const WARM_UP_SECONDS = 2

interface Use {
  perSecond: number
  /** Processor time of the event loop for a request: its inverse is the rate of a core that has nothing else to do. */
  microseconds: number
}

async function measure(contestant: Contestant, work: Work, seconds: number): Promise<Use> {
  const before = processorSeconds(contestant.pid).firstThread
  const { perSecond } = await contestant.measure({ work, seconds })
  const used = processorSeconds(contestant.pid).firstThread - before
  return { perSecond, microseconds: (used * 1_000_000) / (perSecond * seconds) }
}

type Options = Rounds & { clients: number; print: (line: string) => void }

const SETTINGS = { PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '10', DATABASE_URL: 'sqlite:tessera.db' }

/** Prints a table of each algorithm beside HS256. */
export async function compareKeys(options: Options): Promise<void> {
  options.print('\n| SQLite | HS256/s | key pair/s | event loop µs, HS256 / key pair | ratio (range) |')
  options.print('|---|---|---|---|---|')
  for (const algorithm of ['ES256', 'EdDSA', 'RS256'])
    await compareWith({ JWT_ALGORITHM: algorithm }, algorithm, options)
}

/** Prints a table of a server that counts what it does beside one that does not. */
export async function compareMetrics(options: Options): Promise<void> {
  options.print('\n| SQLite | without/s | with/s | event loop µs, without / with | ratio (range) |')
  options.print('|---|---|---|---|---|')
  await compareWith({ METRICS_PORT: `${await freePort()}` }, 'metrics', options)
}

/**
 * Prints rows of a server with some settings beside one without, on SQLite, where the database costs least and they weigh
 * most. The ratio is that of processor times, so that other work on the machine does not count.
 */
async function compareWith(
  settings: Record<string, string>,
  name: string,
  { clients, rounds, seconds, print }: Options,
) {
  const without = await startContestant('Tessera', SETTINGS, clients)
  const having = await startContestant('Tessera', { ...SETTINGS, ...settings }, clients)
  for (const [work, label] of Object.entries(LABELS) as [Work, string][]) {
    for (const contestant of [without, having]) await measure(contestant, work, WARM_UP_SECONDS)
    const pairs: [Use, Use][] = []
    for (let round = 0; round < rounds; round++)
      pairs.push([await measure(without, work, seconds), await measure(having, work, seconds)])
    const rates = ([0, 1] as const).map((index) => Math.round(median(pairs.map((pair) => pair[index].perSecond))))
    const times = ([0, 1] as const).map((index) => median(pairs.map((pair) => pair[index].microseconds)).toFixed(0))
    const ratios = pairs.map(([one, other]) => one.microseconds / other.microseconds)
    print(`| ${name}, ${label} | ${rates.join(' | ')} | ${times.join(' / ')} | ${spread(ratios)} |`)
  }
  await Promise.all([without.end(), having.end()])
}
