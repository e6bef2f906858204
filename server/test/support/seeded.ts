import fc from 'fast-check'

/** The same cases in every run; another number in `FUZZ_SEED` draws others, or repeats those of a failure. */
export const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_101)

/** Ten thousand cases. What fails is made small, and its message names the seed. */
export function assertProperty<Case>(cases: fc.Arbitrary<Case>, check: (value: Case) => void): void {
  fc.assert(
    fc.property(cases, (value) => void check(value)),
    { seed: SEED, numRuns: 10_000 },
  )
}

/** A few different cases, the same for the same seed. */
export function sample<Case>(cases: fc.Arbitrary<Case>, count: number): Case[] {
  return fc.sample(cases, { seed: SEED, numRuns: count })
}
