// The promises of docs/refresh.md, docs/browsers.md and docs/token-life.md, without keys, digests or a database.
const [WINDOW, REFRESH_LIFE] = [30_000, 604_800_000]
const [INVALID, EXPIRED, USED] = ['Invalid refresh token', 'Refresh token expired', 'Refresh token already used']

/** A token, never pruned here; in a real database, tokens older than the last used one have no row. */
export interface Token {
  id: number
  session: number
  generation: number
  made: number
  expires: number
  usedAt: number | null
  /** The `Idempotency-Key` it was used with, if a repetition with it is honoured. */
  key: string | null
  /** The `Idempotency-Key` that was sent. */
  sentKey: string | null
}

export interface Session {
  user: number
  kind: 'login' | 'pair'
  inCookie: boolean
  strict: boolean
  end: number
  endedBy: 'logout' | 'disabled' | 'reuse' | 'rolled back' | null
  exists: boolean
  tokens: Token[]
}

/** A refresh request; `half` is the token that the access token of a pair was issued with. */
export type Presentation = { endpoint: Session['kind']; inCookie: boolean; key: string | null; half: Token | null }
/** The sentence of a refusal, or a token; if `repeated`, the access token has the same `jti` as before. */
export type Answer = string | { token: Token; repeated: boolean }

export class ReferenceModel {
  now = 0
  strict = false
  sessionAge = 2_592_000_000
  /** Every attempt that was handed out: the id of its token, and when. */
  attempts = new Map<string, { token: number; made: number }>()
  users: ('enabled' | 'disabled' | 'deleted')[] = []
  sessions: Session[] = []
  #made = 0

  /** A browser stores every successor, so the first token in a cookie is used up like any other. */
  begin(user: number, kind: Session['kind'], inCookie: boolean): Token | null {
    if (this.users[user] !== 'enabled') return null
    const [strict, end] = [this.strict || inCookie || kind === 'pair', this.now + this.sessionAge]
    const session = { user, kind, inCookie, strict, end, endedBy: null, exists: true, tokens: [] }
    return this.#make(this.sessions.push(session) - 1)
  }

  refresh(token: Token, { endpoint, inCookie, key, half }: Presentation): Answer {
    const [now, session] = [this.now, this.sessions[token.session] as Session]
    const { kind, endedBy, end, tokens } = session
    const [at, lastUsed] = [token.generation, tokens.findLastIndex(({ usedAt }) => usedAt !== null)]
    const [row, successor] = [at < lastUsed ? undefined : tokens[at], tokens[at + 1]]
    // 0
    if (!session.exists || kind !== endpoint || session.inCookie !== inCookie) return INVALID
    // 1
    if (kind === 'pair' && (!half || this.sessions[half.session]?.kind !== 'pair')) return 'Invalid access token'
    if (kind === 'pair' && (half?.session !== token.session || half.generation !== at)) return INVALID
    // 2
    if (endedBy) return kind === 'pair' && endedBy === 'reuse' && at <= lastUsed ? USED : INVALID
    if (now >= end) return EXPIRED
    if (this.users[session.user] !== 'enabled') return INVALID
    // 3 and 4
    if (at >= tokens.length || (row && row.id !== token.id)) return this.#end(session, 'rolled back')
    if (!row) return this.#end(session, 'reuse')
    // 5
    if (row.usedAt !== null && successor) {
      if (now >= successor.expires) return EXPIRED
      const again = key !== null && key === row.key
      if (again || (kind === 'login' && now < row.usedAt + WINDOW)) return { token: successor, repeated: true }
      return this.#end(session, 'reuse')
    }
    // 6
    if (now >= row.expires) return EXPIRED
    const attempt = this.attempts.get(key ?? '')
    const attemptMade = attempt?.token === token.id ? attempt.made : null
    const handedOut = Math.max(row.made, attemptMade ?? 0)
    if (kind === 'login' && (inCookie || attemptMade !== null) && now < handedOut + WINDOW)
      return { token: row, repeated: false }
    const next = successor ?? this.#make(token.session)
    next.expires = Math.min(now + REFRESH_LIFE, end)
    if (at === 0 && !session.strict) return { token: next, repeated: false }
    // A key that the generation before was used with proves nothing: a thief may have copied it.
    Object.assign(row, { usedAt: now, sentKey: key, key: key === tokens[at - 1]?.sentKey ? null : key })
    return { token: next, repeated: false }
  }

  isActive({ user, endedBy, exists, end }: Session): boolean {
    return exists && !endedBy && this.now < end && this.users[user] === 'enabled'
  }

  #make(session: number): Token {
    const { tokens, end } = this.sessions[session] as Session
    const [id, generation, expires] = [this.#made++, tokens.length, Math.min(this.now + REFRESH_LIFE, end)]
    return tokens[
      tokens.push({ id, session, generation, made: this.now, expires, usedAt: null, key: null, sentKey: null }) - 1
    ] as Token
  }

  #end(session: Session, endedBy: 'reuse' | 'rolled back'): string {
    session.endedBy = endedBy
    return session.kind === 'pair' && endedBy === 'reuse' ? USED : INVALID
  }
}
