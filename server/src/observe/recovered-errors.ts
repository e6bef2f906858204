import type { Log } from './log.ts'

/** Logs errors that were recovered from, which no caller sees. */
export function logRecoveredErrors(log: Log, source: string): (error: Error) => void {
  return (error) => log.warn({ reason: error.message }, `transient ${source} error`)
}
