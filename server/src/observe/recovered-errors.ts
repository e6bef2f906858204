import type { Log } from './log.ts'
import { onceASecond } from './sampled.ts'

/** Logs errors that were recovered from, which no caller sees: an outage one line a second, with the number of the others. */
export function logRecoveredErrors(log: Log, source: string): (error: Error) => void {
  const report = onceASecond((fields) => log.warn(fields, `transient ${source} error`))
  return (error) => report({ reason: error.message })
}
