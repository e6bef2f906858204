/** Numbers that a seed repeats. Each actor has a stream of its own: how their requests interleave changes none of them. */
export interface Random {
  /** 0 to 1 */
  next(): number
  between(least: number, most: number): number
  /** True so often, of a hundred times. */
  percent(share: number): boolean
  pick<Item>(items: readonly Item[]): Item
  /** 22 characters, for keys and names. */
  name(): string
  /** A stream of its own, told apart by a name. */
  of(name: string): Random
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** mulberry32: 32 bits of state, good enough to draw what happens next */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const letter = () => ALPHABET[Math.floor(next() * ALPHABET.length)]
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    percent: (share) => next() * 100 < share,
    pick: (items) => items[Math.floor(next() * items.length)] as (typeof items)[number],
    name: () => Array.from({ length: 22 }, letter).join(''),
    of: (name) =>
      seededRandom([...name].reduce((sum, character) => Math.imul(sum, 31) + character.charCodeAt(0), seed)),
  }
}
