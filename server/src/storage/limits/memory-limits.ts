import type { LimitState, LimitStore, LimitWindow } from './limit-store.ts'

const MAX_KEYS_PER_KIND = 100_000

interface MemoryLimits extends LimitStore {
  /** Continues a window that began before a restart. */
  restore(window: LimitWindow): void
  end(keys: readonly string[]): void
  pointsOf(key: string): number
}

/** Limits in the memory of one process, which replicas do not share. */
export function memoryLimits(): MemoryLimits {
  const kinds = new Map<string, Map<string, LimitState>>()
  /** Each kind of budget has a map of its own: cheap requests of one kind evict no counts of another. */
  const statesOfKind = (key: string) => {
    const kind = key.split(' ', 1)[0] ?? ''
    const states = kinds.get(kind) ?? new Map<string, LimitState>()
    kinds.set(kind, states)
    return states
  }
  const findOpenWindow = (key: string, now: Date) => {
    const state = statesOfKind(key).get(key)
    return state && state.expiresAt > now ? state : null
  }
  const takeOne = (key: string, windowSeconds: number, now: Date): LimitState => {
    const state = findOpenWindow(key, now)
    if (state) return { ...state, points: ++state.points }
    const states = statesOfKind(key)
    if (states.size >= MAX_KEYS_PER_KIND) makeRoom(states, now)
    const first = { points: 1, expiresAt: new Date(now.getTime() + windowSeconds * 1000) }
    states.delete(key)
    states.set(key, first)
    return { ...first }
  }
  return {
    take: async (points, now) => points.map(({ key, windowSeconds }) => takeOne(key, windowSeconds, now)),
    async refund(keys, now) {
      for (const key of keys) {
        const state = findOpenWindow(key, now)
        // A window without points is none: refused attempts at ever new addresses would push out those that count.
        if (state && --state.points <= 0) statesOfKind(key).delete(key)
      }
    },
    restore: ({ key, points, expiresAt }) => void statesOfKind(key).set(key, { points, expiresAt }),
    pointsOf: (key) => statesOfKind(key).get(key)?.points ?? 0,
    end(keys) {
      for (const key of keys) statesOfKind(key).delete(key)
    },
  }
}

/** Evicts windows that have ended or, where none has, the oldest: memory stays bounded however many addresses there are. */
function makeRoom(states: Map<string, LimitState>, now: Date): void {
  const oldest = states.keys().next().value
  for (const [key, { expiresAt }] of states) {
    if (expiresAt > now) break // windows of one kind end in the order in which they began, but for a few
    states.delete(key)
  }
  if (states.size >= MAX_KEYS_PER_KIND && oldest !== undefined) states.delete(oldest)
}
