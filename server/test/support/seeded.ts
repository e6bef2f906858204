import fc from 'fast-check'

/** The same cases in every run; another number in `FUZZ_SEED` draws others, or repeats those of a failure. */
export const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_101)

/** Ten thousand cases. What fails is made small, and its message names the seed. */
export function holds<Case>(cases: fc.Arbitrary<Case>, check: (drawn: Case) => void): void {
  fc.assert(
    fc.property(cases, (drawn) => void check(drawn)),
    { seed: SEED, numRuns: 10_000 },
  )
}

/** A few different cases, the same for the same seed. */
export function drawn<Case>(cases: fc.Arbitrary<Case>, count: number): Case[] {
  return fc.sample(cases, { seed: SEED, numRuns: count })
}
