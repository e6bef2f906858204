import type { LimitState, LimitStore } from './limit-store.ts'

const MAX_KEYS = 100_000

/** For the one process of an embedded database. */
export function memoryLimits(): LimitStore {
  const states = new Map<string, LimitState>()
  const living = (key: string, now: Date) => {
    const state = states.get(key)
    return state && state.expiresAt > now ? state : null
  }
  return {
    async take(key, windowSeconds, now) {
      const state = living(key, now)
      if (state) return { ...state, points: ++state.points }
      // The oldest window goes first: memory stays bounded whoever asks from however many addresses.
      const oldest = states.size >= MAX_KEYS ? states.keys().next().value : undefined
      if (oldest !== undefined) states.delete(oldest)
      const begun = { points: 1, expiresAt: new Date(now.getTime() + windowSeconds * 1000) }
      states.delete(key)
      states.set(key, begun)
      return { ...begun }
    },
    async refund(key, now) {
      const state = living(key, now)
      if (state && state.points > 0) state.points--
    },
  }
}
