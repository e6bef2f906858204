// Measures whether a failed login, or a request for a mail, reveals what is known of its address:
// `npm run bench:equal -- [--samples 300]`. Four kinds of addresses are compared by the bytes of the answers and, pair by
// pair, by the ranks of their times. Then wrong passwords at accounts with bcrypt and argon2id digests are compared with
// attempts at addresses without an account. TEST_DATABASE_URL adds PostgreSQL.
import { parseArgs } from 'node:util'
import { compareByRank, median, quantile } from '../harness/statistics.ts'
import { createSchema } from '../harness/temporary-schema.ts'
import { type FailedLogins, measureFailedLogins } from './load/failed-logins.ts'
import { measureMixedLogins } from './load/mixed-logins.ts'

const { values: options } = parseArgs({ options: { samples: { type: 'string', default: '300' } } })
const samplesEach = Number(options.samples)
/** A cost of 10 instead of 12 saves time, and any difference is a larger part of a shorter hash. */
const SETTINGS = { PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '10', EMAIL_LOGIN: 'on' }
/** The endpoints that must not tell whether an address has an account. */
const ENDPOINTS = [
  ['failed logins each', '/api/v1/auth/login'],
  ['forgotten passwords each', '/api/v1/users/password/forgot'],
  ['logins by mail each', '/api/v1/auth/login/email'],
] as const
/** The chance that any of the six comparisons finds a difference that does not exist is 5 % (Bonferroni). */
const SIGNIFICANCE = 0.05 / 6

const print = (line: string) => process.stdout.write(`${line}\n`)

const databaseUrl = process.env['TEST_DATABASE_URL']
for (const [what, path] of ENDPOINTS) {
  await compareOn(`${what}, SQLite`, SETTINGS, path)
  if (databaseUrl) await compareOn(`${what}, PostgreSQL`, { ...SETTINGS, DATABASE_URL: databaseUrl }, path)
}
await compareMixedOn('SQLite', {})
if (databaseUrl) {
  const schema = await createSchema(databaseUrl) // others in the database would change the proportion
  await compareMixedOn('PostgreSQL', { DATABASE_URL: schema.url })
  await schema.drop()
}

async function compareOn(what: string, settings: Record<string, string>, path: string): Promise<void> {
  const { samples, answers } = await measureFailedLogins(settings, samplesEach, path)
  print(`\n| ${samplesEach} ${what} | median ms |\n|---|---|`)
  for (const { failure, times } of samples) print(`| ${failure} | ${median(times).toFixed(2)} |`)
  print('\n| pair | difference of medians, ms | rank-biserial effect | p |\n|---|---|---|---|')
  const found = printPairs(samples)
  if (answers.size === 1) print('\nAll answers are the same, byte for byte, except Date and X-Request-Id.')
  else print(`\nThe answers DIFFER:\n\n${[...answers].join('\n\n')}`)
  if (found.length > 0) print(`Times DIFFER significantly: ${found.join('; ')}.`)
  else {
    // The standard deviation of the effect is about sqrt(2 / (3 n)); 2.64 is SIGNIFICANCE, 1.28 a power of 90 %.
    const effect = ((2.64 + 1.28) * Math.sqrt(2 / (3 * samplesEach))).toFixed(2)
    print(
      `No two times differ significantly. An effect of ${effect} (1 is "always longer") would be found 9 times in 10.`,
    )
  }
  if (answers.size > 1 || found.length > 0) process.exitCode = 1
}

async function compareMixedOn(database: string, settings: Record<string, string>): Promise<void> {
  const [wrong, unknown] = (await measureMixedLogins(settings, samplesEach)) as [FailedLogins, FailedLogins]
  const quartiles = ({ times }: FailedLogins) =>
    [0.25, 0.5, 0.75].map((share) => quantile(times, share).toFixed(1)).join(' / ')
  print(`\n| digests of two kinds, ${samplesEach} each, ${database} | quartiles, ms |\n|---|---|`)
  for (const each of [wrong, unknown]) print(`| ${each.failure} | ${quartiles(each)} |`)
  const { effect, p } = compareByRank(wrong.times, unknown.times)
  print(`\nEffect ${effect.toFixed(3)}, p ${p.toFixed(3)}.`)
  if (p >= 0.05 / 2) return // one of two databases
  print('Times DIFFER significantly.')
  process.exitCode = 1
}

/** Prints a row for each pair of failures; returns a sentence for each significant difference. */
function printPairs(samples: readonly FailedLogins[]): string[] {
  const found: string[] = []
  for (const [index, a] of samples.entries()) {
    for (const b of samples.slice(index + 1)) {
      const { effect, p } = compareByRank(a.times, b.times)
      const difference = median(a.times) - median(b.times)
      print(`| ${a.failure}, ${b.failure} | ${difference.toFixed(2)} | ${effect.toFixed(3)} | ${p.toFixed(3)} |`)
      if (p < SIGNIFICANCE)
        found.push(`"${a.failure}" takes ${effect > 0 ? 'longer' : 'less time'} than "${b.failure}"`)
    }
  }
  return found
}
