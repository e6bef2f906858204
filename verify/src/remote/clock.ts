/** A moment on two clocks: the wall clock may be set, the other one may stand still while a host sleeps. */
export interface Mark {
  readonly wall: number
  readonly steady: number
}

export const mark = (): Mark => ({ wall: Date.now(), steady: performance.now() })

/** Returns the milliseconds since a mark by the clock that says more. */
export function elapsedSince({ wall, steady }: Mark): number {
  return Math.max(Date.now() - wall, performance.now() - steady)
}

/** Lets a timer not keep the process alive, where timers do. */
export function unref(timer: unknown): void {
  ;(timer as { unref?: () => void }).unref?.()
}

/** Waits for a promise, but not longer than this; says whether it came in time. It never rejects. */
export function within(milliseconds: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds)
    const settle = () => {
      clearTimeout(timer)
      resolve(true)
    }
    promise.then(settle, settle)
  })
}
