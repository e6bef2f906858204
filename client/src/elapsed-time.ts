/** A moment by two clocks: one that can be set, and one that may stop while a device sleeps. */
export interface Moment {
  wall: number
  steady: number
}

export const thisMoment = (): Moment => ({ wall: Date.now(), steady: performance.now() })

/** The seconds since a moment, by the clock that says more: a clock that was set back hides no time. */
export const secondsSince = ({ wall, steady }: Moment): number =>
  Math.max(Date.now() - wall, performance.now() - steady) / 1000
