export interface LimitState {
  /** Taken since the window began, this one included. */
  points: number
  expiresAt: Date
}

/** Counts points per key in windows that begin with a key's first point. */
export interface LimitStore {
  /** Takes a point and says what that makes; atomic, so that parallel callers each see a count of their own. */
  take(key: string, windowSeconds: number, now: Date): Promise<LimitState>
  refund(key: string, now: Date): Promise<void>
}
