// Checks any server against the three contracts: `npm run conformance -- --url http://localhost:3000`.
import { BadUsage, HELP, type Options, readOptions } from './options.ts'
import { type Contract, Skipped } from './promise.ts'
import { promises } from './promises/all-promises.ts'
import { exitCodeOf, jsonOf, linesOf, summaryOf } from './report.ts'
import { createTarget, type Target, Unreachable } from './target.ts'
import { type Outcome, tryPromises } from './try-promises.ts'

async function run(options: Options): Promise<number> {
  const target = createTarget(options)
  await findServer(target)
  const chosen = promises.filter(
    ({ contract, source }) =>
      (options.only === null || contract === options.only) && (!options.originalsOnly || source === 'original'),
  )
  const began = performance.now()
  const outcomes: Outcome[] = []
  let contract: Contract | null = null
  for await (const outcome of tryPromises(chosen, target)) {
    outcomes.push(outcome)
    if (!options.json) process.stdout.write(linesOf(outcome, contract))
    contract = outcome.promise.contract
  }
  const seconds = (performance.now() - began) / 1000
  process.stdout.write(options.json ? jsonOf(outcomes, options.url) : summaryOf(outcomes, seconds))
  return exitCodeOf(outcomes)
}

/** Checks that a server answers, if only with a rate limit. */
async function findServer(target: Target): Promise<void> {
  try {
    await target.get('/')
  } catch (error) {
    if (!(error instanceof Skipped)) throw error
  }
}

// A reader such as `head` closes the pipe early.
process.stdout.on('error', () => process.exit(1))

try {
  const options = readOptions(process.argv.slice(2))
  if (options === null) process.stdout.write(HELP)
  else process.exitCode = await run(options)
} catch (error) {
  if (!(error instanceof BadUsage || error instanceof Unreachable)) throw error
  const sentence = error instanceof Unreachable ? `There is no server to try: ${error.message}.` : error.message
  process.stderr.write(`${sentence}\n`)
  process.exitCode = 2
}
