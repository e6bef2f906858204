/**
 * Begins to count seconds. Of two clocks, one that can be set and one that may stop while a device sleeps, the one that says
 * more is believed: a clock that was set back hides no time.
 */
export function startTimer(): () => number {
  const wall = Date.now()
  const steady = performance.now()
  return () => Math.max(Date.now() - wall, performance.now() - steady) / 1000
}
