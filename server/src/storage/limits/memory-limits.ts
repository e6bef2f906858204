import type { LimitState, LimitStore } from './limit-store.ts'

const MAX_KEYS = 100_000

/** Limits in the memory of one process, which replicas do not share. */
export function memoryLimits(): LimitStore {
  const states = new Map<string, LimitState>()
  const findOpenWindow = (key: string, now: Date) => {
    const state = states.get(key)
    return state && state.expiresAt > now ? state : null
  }
  return {
    async take(key, windowSeconds, now) {
      const state = findOpenWindow(key, now)
      if (state) return { ...state, points: ++state.points }
      // The oldest window is evicted, so that memory stays bounded however many addresses there are.
      const oldest = states.size >= MAX_KEYS ? states.keys().next().value : undefined
      if (oldest !== undefined) states.delete(oldest)
      const first = { points: 1, expiresAt: new Date(now.getTime() + windowSeconds * 1000) }
      states.delete(key)
      states.set(key, first)
      return { ...first }
    },
    async refund(key, now) {
      const state = findOpenWindow(key, now)
      if (state && state.points > 0) state.points--
    },
  }
}
