/** Random numbers that a seed repeats. Each actor has its own stream, which no interleaving with other actors changes. */
export interface Random {
  /** Returns a number from 0 to 1. */
  next(): number
  between(min: number, max: number): number
  /** Returns true with this probability, in percent. */
  percent(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
  /** Returns 22 characters, for keys and names. */
  name(): string
  /** Returns an independent stream that is identified by a name. */
  of(name: string): Random
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Returns the stream of mulberry32, whose 32 bits of state are enough for this purpose. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const character = () => ALPHABET[Math.floor(next() * ALPHABET.length)]
  return {
    next,
    between: (min, max) => min + next() * (max - min),
    percent: (probability) => next() * 100 < probability,
    pick: (items) => items[Math.floor(next() * items.length)] as (typeof items)[number],
    name: () => Array.from({ length: 22 }, character).join(''),
    of: (name) => seededRandom([...name].reduce((sum, char) => Math.imul(sum, 31) + char.charCodeAt(0), seed)),
  }
}
