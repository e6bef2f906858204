const SECOND_MILLISECONDS = 1000

/**
 * Passes on one event a second at most, with the number of those that were left out since the one before: for events that
 * an attacker can cause as often as they like.
 */
export function onceASecond(report: (fields: object) => void): (fields: object) => void {
  let [lastAt, leftOut] = [Number.NEGATIVE_INFINITY, 0]
  return (fields) => {
    if (performance.now() - lastAt < SECOND_MILLISECONDS) {
      leftOut++
      return
    }
    report(leftOut > 0 ? { ...fields, leftOut } : fields)
    lastAt = performance.now()
    leftOut = 0
  }
}
