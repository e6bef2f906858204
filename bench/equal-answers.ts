// Whether a failed login tells why it failed: `npm run bench:equal -- [--samples 300]`. Four kinds of failure, one after
// another in random order on one connection, compared by their bytes and, pair by pair, by the ranks of their times.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runTessera } from '../harness/launch-tessera.ts'
import { median } from '../harness/statistics.ts'
import { KeptConnection } from './kept-connection.ts'
import { startServer } from './start-server.ts'

const { values: options } = parseArgs({ options: { samples: { type: 'string', default: '300' } } })
const SAMPLES = Number(options.samples)
/** 10 rather than 12, to be quick: of a shorter hash, any difference is a larger part. */
const SETTINGS = { BCRYPT_COST: '10' }
/** One chance in twenty that any of the six comparisons finds a difference where none is (Bonferroni). */
const SIGNIFICANT = 0.05 / 6

/** Of this run alone: a database that is kept has those of other runs. */
const RUN = Date.now()
const KINDS = {
  'unknown address': { email: `nobody-${RUN}@example.com`, password: 'correct horse' },
  'wrong password': { email: `ann-${RUN}@example.com`, password: 'wrong horse' },
  'disabled account': { email: `bob-${RUN}@example.com`, password: 'correct horse' },
  'no password': { email: `eve-${RUN}@example.com`, password: 'correct horse' },
}

/** Runs one command of Tessera's beside the server, on its database. */
async function tessera(folder: string, settings: Record<string, string>, words: string[], input = ''): Promise<void> {
  const { code, output } = await runTessera(words, { folder, environment: settings, input })
  if (code !== 0) throw new Error(`tessera ${words.join(' ')} ended with ${code}: ${output}`)
}

function shuffled<T>(list: readonly T[]): T[] {
  const places = list.map((value) => ({ value, place: Math.random() }))
  return places.sort((a, b) => a.place - b.place).map(({ value }) => value)
}

/**
 * Mann-Whitney U by its normal approximation. The times are of a fine clock, so that ties need no correction.
 *
 * @returns `effect`: rank-biserial, the share of pairs in which `a` took longer less the share in which `b` did; `p`:
 *   how likely so much is by chance, either way round
 */
function compareByRank(a: readonly number[], b: readonly number[]): { effect: number; p: number } {
  const both = [...a.map((ms) => ({ ms, ofA: true })), ...b.map((ms) => ({ ms, ofA: false }))]
  both.sort((one, other) => one.ms - other.ms)
  let rankSum = 0
  for (const [index, { ofA }] of both.entries()) if (ofA) rankSum += index + 1
  const u = rankSum - (a.length * (a.length + 1)) / 2
  const deviation = Math.sqrt((a.length * b.length * (both.length + 1)) / 12)
  const z = Math.abs(u - (a.length * b.length) / 2) / deviation
  return { effect: (2 * u) / (a.length * b.length) - 1, p: 2 * normalTail(z) }
}

/** The normal distribution beyond z >= 0, to seven places (Abramowitz and Stegun, 26.2.17). */
function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z)
  const series = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429]
  const polynomial = series.reduceRight((sum, coefficient) => (sum + coefficient) * t, 0)
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial
}

const say = (line: string) => process.stdout.write(`${line}\n`)
async function compare(name: string, settings: Record<string, string>): Promise<void> {
  const { url, child, folder } = await startServer(settings)
  await tessera(folder, settings, ['users', 'create', KINDS['wrong password'].email], 'correct horse')
  await tessera(
    folder,
    settings,
    ['users', 'create', KINDS['disabled account'].email],
    KINDS['disabled account'].password,
  )
  await tessera(folder, settings, ['users', 'disable', KINDS['disabled account'].email])
  await tessera(folder, settings, ['users', 'create', KINDS['no password'].email, '--no-password'])

  const connection = new KeptConnection(url)
  const samples = Object.entries(KINDS).map(([kind, body]) => ({ kind, body, times: [] as number[] }))
  const answers = new Set<string>()
  const WARM_UP_ROUNDS = 5
  for (let round = -WARM_UP_ROUNDS; round < SAMPLES; round++) {
    for (const { body, times } of shuffled(samples)) {
      const began = performance.now()
      const { head, body: answer } = await connection.ask('/api/v1/auth/login', { body })
      if (round >= 0) times.push(performance.now() - began)
      answers.add(head.replace(/^(date|x-request-id): .*\r\n/gim, '') + answer)
    }
  }
  connection.socket.destroy()
  child.kill('SIGTERM')
  await once(child, 'close')
  rmSync(folder, { recursive: true })

  say(`\n| ${SAMPLES} failed logins each, ${name} | median ms |\n|---|---|`)
  for (const { kind, times } of samples) say(`| ${kind} | ${median(times).toFixed(2)} |`)
  say('\n| pair | medians apart, ms | rank-biserial effect | p |\n|---|---|---|---|')
  const found: string[] = []
  for (const [index, a] of samples.entries()) {
    for (const b of samples.slice(index + 1)) {
      const { effect, p } = compareByRank(a.times, b.times)
      const apart = median(a.times) - median(b.times)
      say(`| ${a.kind}, ${b.kind} | ${apart.toFixed(2)} | ${effect.toFixed(3)} | ${p.toFixed(3)} |`)
      if (p < SIGNIFICANT) found.push(`"${a.kind}" takes ${effect > 0 ? 'longer' : 'less long'} than "${b.kind}"`)
    }
  }
  // What is found nine times in ten: a deviation of the effect is about sqrt(2 / (3 n)).
  const smallest = (2.64 + 1.28) * Math.sqrt(2 / (3 * SAMPLES))
  const same = answers.size === 1
  say(same ? '\nAll answers are the same, byte for byte, but for Date and X-Request-Id.' : '\nThe answers DIFFER:\n')
  if (!same) say([...answers].join('\n\n'))
  say(
    found.length === 0
      ? `No two kinds differ in time by more than chance would have it; an effect of ${smallest.toFixed(2)} (1 is "always longer") would nearly always have been found.`
      : `Times DIFFER by more than chance would have it: ${found.join('; ')}.`,
  )
  if (answers.size > 1 || found.length > 0) process.exitCode = 1
}

await compare('SQLite', SETTINGS)
const databaseUrl = process.env['TEST_DATABASE_URL']
if (databaseUrl) await compare('PostgreSQL', { ...SETTINGS, DATABASE_URL: databaseUrl })
