/** Returns the value below which the given share of the values lies; 0 if there are no values. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Formats the median and the range of some ratios as a cell of a Markdown table. */
export function spread(ratios: readonly number[]): string {
  return `**${median(ratios).toFixed(2)}** (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`
}

/**
 * Compares two samples by the Mann-Whitney U test in its normal approximation. There is no correction for ties, which the
 * times of a precise clock hardly have.
 *
 * @returns `effect`: the rank-biserial correlation, which is the share of pairs in which `a` is larger less the share in
 *   which `b` is; `p`: the probability of such an effect, in either direction, by chance
 */
export function compareByRank(a: readonly number[], b: readonly number[]): { effect: number; p: number } {
  const all = [...a.map((value) => ({ value, isOfA: true })), ...b.map((value) => ({ value, isOfA: false }))]
  all.sort((one, other) => one.value - other.value)
  let rankSum = 0
  for (const [index, { isOfA }] of all.entries()) if (isOfA) rankSum += index + 1
  const u = rankSum - (a.length * (a.length + 1)) / 2
  const deviation = Math.sqrt((a.length * b.length * (all.length + 1)) / 12)
  const z = Math.abs(u - (a.length * b.length) / 2) / deviation
  return { effect: (2 * u) / (a.length * b.length) - 1, p: 2 * normalTail(z) }
}

/** Returns the probability of a standard normal value above z >= 0, to seven places (Abramowitz and Stegun, 26.2.17). */
function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z)
  const coefficients = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429]
  const polynomial = coefficients.reduceRight((sum, coefficient) => (sum + coefficient) * t, 0)
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial
}
