const UNITS: readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]
const FORMAT = new Intl.RelativeTimeFormat('en')

/** Formats a time as its distance from another one, in the largest unit that fits once: `3 minutes ago`, `in 2 days`. */
export function relativeTime(time: Date, now: Date): string {
  const seconds = Math.round((time.getTime() - now.getTime()) / 1000)
  const [unit, size] = UNITS.find(([, unitSeconds]) => Math.abs(seconds) >= unitSeconds) ?? (['second', 1] as const)
  return seconds === 0 ? 'now' : FORMAT.format(Math.trunc(seconds / size), unit)
}
