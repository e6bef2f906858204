import fc from 'fast-check'

/** The seed of all generated cases: the same in every run; `FUZZ_SEED` generates others or repeats a failure. */
export const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_101)

/** Checks ten thousand cases. A failing case is shrunk, and its message names the seed. */
export function assertProperty<Case>(cases: fc.Arbitrary<Case>, check: (value: Case) => void): void {
  fc.assert(
    fc.property(cases, (value) => void check(value)),
    { seed: SEED, numRuns: 10_000 },
  )
}

/** Generates a number of cases, the same for the same seed. */
export function sample<Case>(cases: fc.Arbitrary<Case>, count: number): Case[] {
  return fc.sample(cases, { seed: SEED, numRuns: count })
}
