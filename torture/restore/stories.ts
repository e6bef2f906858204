/** One of a session's tokens: 0 was the newest at the backup, -1 was used before it, 1 was issued after it. */
export type TokenName = number | 'newest' | 'own'

export interface Presentation {
  by: 'owner' | 'thief'
  token: TokenName
  /** A refresh by default. `repeats` refreshes with the key of the attempt that used the token. */
  manner?: 'logs out' | 'repeats'
}

/** A session around a backup, and who presents which token after the restore. */
export interface Story {
  title: string
  /** Rotations before the backup. */
  before?: number
  /** Rotations after the backup. */
  after: number
  /** How the session ended after the backup. */
  ended?: 'logout' | 'reuse'
  presentations: Presentation[]
}

const owner: Presentation = { by: 'owner', token: 'newest' }
const thief = (token: TokenName): Presentation => ({ by: 'thief', token })

/** The thief comes first, with the token that was the newest at the backup, and continues with the successors. */
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
    title: 'an answer was lost, and the owner kept the token',
    after: 1,
    presentations: [{ ...owner, token: 0, manner: 'repeats' }],
  },
  { title: 'thief has a token that was used after the backup', after: 3, presentations: [thief(1), owner, thief(0)] },
  { title: 'thief has the last token used before the backup', after: 2, presentations: [thief(-1), owner, thief(0)] },
  { title: 'thief has a token used long before the backup', after: 2, presentations: [thief(-3), owner, thief(0)] },
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
