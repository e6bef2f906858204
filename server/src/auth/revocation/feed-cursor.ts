/** How far a reader has come: with a replica, and in time for all others. */
export interface FeedCursor {
  /** The process that answered. */
  replica: string
  /** Its revision. */
  sequence: number
  /** The time up to which the reader has what this replica had seen, by the clock of the database. */
  time: Date
}

export function writeCursor({ replica, sequence, time }: FeedCursor): string {
  return `${replica}.${sequence}.${time.getTime()}`
}

/** Returns null for a text that no replica wrote. */
export function readCursor(text: string): FeedCursor | null {
  const [, replica = '', sequence, time] = /^([\w-]{11})\.(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  const read = new Date(Number(time))
  return replica === '' || Number.isNaN(read.getTime()) ? null : { replica, sequence: Number(sequence), time: read }
}
