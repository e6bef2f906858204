// Measures Tessera with key pairs beside Tessera with the shared secret, as a part of `npm run bench`.
import { compare, type Rounds } from './load/compare.ts'
import { startContestant } from './load/contestant.ts'
import type { Work } from './load/load.ts'

const LABELS: Partial<Record<Work, string>> = {
  me: '`/me`, tokens seen before',
  mix: '20 uses of a token, then a refresh',
  refresh: 'refreshes',
  new: 'refresh and one `/me`, each token new',
}

/** Prints a table of each algorithm beside HS256, on SQLite, where the database costs least and signatures weigh most. */
export async function compareKeys({
  clients,
  print,
  ...times
}: Rounds & { clients: number; print: (line: string) => void }): Promise<void> {
  print('\n| SQLite | HS256/s | with a key pair/s | ratio (range) | p99 ms, HS256 / key pair |')
  print('|---|---|---|---|---|')
  for (const algorithm of ['ES256', 'EdDSA', 'RS256']) {
    const settings = { PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '10', DATABASE_URL: 'sqlite:tessera.db' }
    const secret = await startContestant('Tessera', settings, clients)
    const keyPair = await startContestant('Tessera', { ...settings, JWT_ALGORITHM: algorithm }, clients)
    for (const [work, label] of Object.entries(LABELS))
      print(`| ${algorithm}, ${label} | ${await compare(work as Work, secret, keyPair, times)} |`)
    await Promise.all([secret.end(), keyPair.end()])
  }
}
