export interface LimitState {
  /** Points taken since the window began, including this one. */
  points: number
  expiresAt: Date
}

/** Counts points per key in windows that begin with a key's first point. */
export interface LimitStore {
  /** Takes a point and returns the new state. Atomic: concurrent callers each see a different count. */
  take(key: string, windowSeconds: number, now: Date): Promise<LimitState>
  refund(key: string, now: Date): Promise<void>
}
