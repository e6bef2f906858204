export interface LimitState {
  /** Points taken since the window began, including this one. */
  points: number
  expiresAt: Date
}

/** A point to take, in a window that begins with the first point of its key. */
export interface LimitPoint {
  key: string
  /** The points that the window allows. */
  points: number
  windowSeconds: number
}

/** Counts points per key in windows. The first word of a key names what is counted. */
export interface LimitStore {
  /** Takes one point for each key and returns their new states. Atomic per key: concurrent callers see different counts. */
  take(points: readonly LimitPoint[], now: Date): Promise<LimitState[]>
  /** Gives one point back for each key. A window without points ends. */
  refund(keys: readonly string[], now: Date): Promise<void>
}

export interface LimitWindow extends LimitState {
  key: string
}

/** The windows of a store that other processes can read and end. */
export interface LimitWindows {
  /** Returns the windows that have not ended, in no order. */
  openWindows(now: Date): AsyncIterable<LimitWindow>
  /** Ends windows: their points count no more. */
  endWindows(keys: readonly string[]): Promise<void>
}
