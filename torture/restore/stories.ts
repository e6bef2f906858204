/** Which of a session's tokens: 0 was the newest at the backup, -1 was spent before it, 1 was made after it. */
export type Which = number | 'newest' | 'own'

export interface Presentation {
  by: 'owner' | 'thief'
  token: Which
  /** Refreshes, unless it logs out; `repeats` sends the key of the attempt that spent the token. */
  manner?: 'logs out' | 'repeats'
}

/** What befell a session around a backup, and who presents what once that was restored. */
export interface Story {
  title: string
  /** Rotations before and after the backup. */
  before?: number
  after: number
  /** How it had ended after the backup. */
  ended?: 'logout' | 'reuse'
  presentations: Presentation[]
}

const owner: Presentation = { by: 'owner', token: 'newest' }
const thief = (token: Which): Presentation => ({ by: 'thief', token })

/** The thief comes first with the token that was the newest at the backup, and goes on with what it gets. */
function forked(after: number, rotations: number): Story {
  const more = Array.from({ length: rotations - 1 }, () => thief('own'))
  return {
    title: `thief first, ${rotations} rotation${rotations > 1 ? 's' : ''}; owner is ${after} ahead`,
    after,
    presentations: [thief(0), ...more, owner, thief('own')],
  }
}

export const STORIES: readonly Story[] = [
  { title: 'owner was idle since the backup', after: 0, presentations: [owner] },
  { title: 'owner comes first, 1 ahead', after: 1, presentations: [owner, thief(0)] },
  { title: 'owner comes first, 3 ahead', after: 3, presentations: [owner, thief(0), thief(2)] },
  {
    title: 'an answer was lost, the token stayed',
    after: 1,
    presentations: [{ ...owner, token: 0, manner: 'repeats' }],
  },
  { title: 'thief has a spent token from after', after: 3, presentations: [thief(1), owner, thief(0)] },
  { title: 'thief has the last one spent before', after: 2, presentations: [thief(-1), owner, thief(0)] },
  { title: 'thief has one from long before', after: 2, presentations: [thief(-3), owner, thief(0)] },
  ...[1, 2, 3].flatMap((after) => [1, 2, 3, 4].map((rotations) => forked(after, rotations))),
  { ...forked(2, 1), title: 'thief first with the first token of an adaptive session', before: 0 },
  {
    title: 'thief first; owner, 1 ahead, logs out',
    after: 1,
    presentations: [thief(0), { ...owner, manner: 'logs out' }, thief('own')],
  },
  { title: 'logged out after the backup', after: 0, ended: 'logout', presentations: [thief(0), thief('own')] },
  { title: 'a thief was caught after the backup', after: 2, ended: 'reuse', presentations: [thief(0), thief('own')] },
]
