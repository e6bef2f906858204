import { type AccessToken, holdAccessToken, isEarlier, readAccessToken } from './access-token.ts'
import { createBackoff } from './backoff.ts'
import { createLogout } from './logout.ts'
import { type Cause, type OnChange, offline, type Session, type User } from './outcomes.ts'
import { type AppState, listen, type TabMessage } from './page.ts'
import { detailsOf, isVerdict, type Requests, type Schemas, tokensOf } from './requests.ts'
import { createStore, type SessionStorage, type StoredSession, sidOf } from './stored-session.ts'

/** The storage changes under a refresh at a login and a logout, and not this often. */
const MAX_TURNS = 9
/** A login in another tab that says nothing any more holds the refreshes of this one no longer than this. */
const MAX_HOLD_MILLISECONDS = 10_000

export interface SharedOptions {
  storage: SessionStorage
  key: string
  isCookie: boolean
  requests: Requests
  appState: AppState | undefined
}

export type SharedSession = ReturnType<typeof createSharedSession>

/** Storage object → key → session. Never by address: in a server, the storages of two users are two objects. */
const shared = new WeakMap<SessionStorage, Record<string, SharedSession>>()

/** Returns the session that all clients with this storage object have together, so that one refresh serves all of them. */
export function sharedSession(options: SharedOptions): SharedSession {
  const { storage, key } = options
  const sessions = shared.get(storage) ?? {}
  shared.set(storage, sessions)
  sessions[key] ??= createSharedSession(options, () => delete sessions[key])
  return sessions[key]
}

function createSharedSession({ storage, key, isCookie, requests, appState }: SharedOptions, forget: () => unknown) {
  const store = createStore(storage, key)
  const backoff = createBackoff()
  const listeners = new Set<OnChange>()
  const tokens = holdAccessToken(renew)
  let session: Session = { status: 'unknown', id: null, user: null, reason: null }
  let running = new AbortController()
  let held: Promise<void> = Promise.resolve()
  let release = () => {}
  /** The session that was signed out last. A late answer, or a storage that shows it late, does not bring it back. */
  let endedId: string | null = null

  function change(status: Session['status'], cause: Cause, known?: Partial<Session>) {
    session = { id: null, user: null, reason: null, ...known, status }
    for (const listener of listeners) listener(session, cause)
  }

  function end(reason: string | null, cause: Cause): true {
    tokens.held = null
    if (session.status !== 'signed_out') change('signed_out', cause, { reason })
    return true
  }

  /** Drops the refresh under way: its answer is not looked at any more. */
  function interrupt(): void {
    running.abort()
    running = new AbortController()
  }

  /** Drops the refresh under way, and lets none begin until the release: a late cookie would replace that of a login. */
  function hold(): void {
    interrupt()
    release()
    held = new Promise((resolve) => {
      release = resolve
    })
  }

  const isSignedOut = (stored: StoredSession | null): boolean => (isCookie ? !!stored?.signed_out : !sidOf(stored))

  async function renew(): Promise<void> {
    // Beside a cookie only a login can change this, and other tabs tell of it.
    if (isCookie && session.status === 'signed_out') return
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      await held
      if (await refresh()) return
    }
    throw offline()
  }

  /** Refreshes with what the storage holds at this moment. Returns false if it has to begin again from there. */
  async function refresh(): Promise<boolean> {
    const own = new AbortController()
    running = own
    const sent = await store.read()
    if (own !== running) return false
    const wasEnded = sidOf(sent) === endedId
    if (wasEnded) await store.write(null) // another tab wrote it late
    if (wasEnded || isSignedOut(sent)) return end(null, session.status === 'unknown' ? 'restored' : 'other_tab')
    if (backoff.isPausing()) throw offline()
    const { refresh_token, attempt } = sent ?? {}
    const headers = attempt ? { 'idempotency-key': attempt } : null
    const answer = await requests.send('/refresh', { refresh_token }, { headers, controller: own })
    const stored = await store.read()
    if (own !== running) return false
    const body = tokensOf<'RefreshResponse'>(answer)
    if (body) {
      backoff.succeed()
      if (isSignedOut(stored) || sidOf(stored) !== sidOf(sent)) return false
      const token = readAccessToken(body.access_token)
      // A successor that cannot be stored is not used: the same token is presented again, and brings it again.
      if (!isCookie && isEarlier(stored?.refresh_token ?? '', body.refresh_token))
        await keep(body, token, answer.attempt)
      return own === running && accept(token)
    }
    if (isVerdict(answer)) {
      if (stored?.refresh_token !== refresh_token) return false
      if (!isCookie) await store.write(null)
      const signed_out = sidOf(sent) ?? session.id
      if (signed_out) page.tell({ signed_out })
      return end(detailsOf(answer).reason ?? null, 'ended')
    }
    if (backoff.fail(answer.retryAfter)) return false
    throw offline()
  }

  async function accept(token: AccessToken): Promise<true> {
    if (token.sid === endedId) return end(null, 'other_tab')
    tokens.held = token
    if (session.id && session.id !== token.sid) change('unknown', 'other_tab')
    if (session.user) return true
    const headers = { authorization: `Bearer ${token.value}` }
    const { body } = await requests.send('/me', null, { headers })
    const user: User | null = body?.user ?? null
    if (tokens.held === token) change('signed_in', 'restored', { id: token.sid, user })
    return true
  }

  const keep = (
    { refresh_token, refresh_expires_in }: Schemas['RefreshResponse'],
    { sid }: AccessToken,
    attempt: string | null | undefined,
  ): Promise<boolean> => store.write({ sid, refresh_token, attempt, ends_at: Date.now() + refresh_expires_in * 1000 })

  /** Looks again at what the tabs share. */
  async function reconcile(): Promise<void> {
    const stored = await store.read()
    if (!isCookie && tokens.held && sidOf(stored) === tokens.held.sid) return
    interrupt()
    tokens.held = null
    if (isSignedOut(stored)) return void end(null, 'other_tab')
    change('unknown', 'other_tab')
    await tokens.renew()
  }

  function hear(message: TabMessage): void {
    if (message === 'login') {
      hold()
      return void setTimeout(release, MAX_HOLD_MILLISECONDS)
    }
    release()
    if (message === 'idle') return
    if (typeof message === 'object' && (message.signed_out ? message.signed_out === session.id : isCookie)) {
      signOut(message.signed_out, 'other_tab')
    } else if (message !== 'stored' || !isCookie) reconcile().catch(() => {}) // it is tried again when needed
  }

  function wake(isOnline: boolean): void {
    requests.endOld()
    if (isOnline) backoff.lift()
    logout.repeat()
    if (session.status !== 'signed_out' && !tokens.held?.isFresh(0)) tokens.renew().catch(() => {}) // the next call tells of it
  }

  function signOut(id: string | null, cause: Cause): void {
    interrupt()
    endedId = id
    end('logout', cause)
  }

  /** Forgets the session here and in all tabs, before the server is told. */
  function signOutAll(): void {
    page.tell({ signed_out: session.id })
    signOut(session.id, 'logout')
  }

  /** Says that nothing can be stored. */
  const warn = () => change(session.status, 'memory_only', session)

  const logout = createLogout({ store, requests, isCookie, signOutAll })
  logout.repeat()
  const page = listen(key, appState, { wake, hear })

  return {
    requests,
    tokens,
    listeners,
    isCookie,
    get session() {
      return session
    },
    warn,
    /** Runs a login while no tab refreshes. */
    async alone<Result>(work: () => Promise<Result>): Promise<Result> {
      hold()
      page.tell('login')
      try {
        return await work()
      } finally {
        release()
        page.tell('idle')
      }
    },
    /** Begins the session of a login. */
    async begin(body: Schemas['LoginResponse'], attempt: string | null | undefined): Promise<void> {
      interrupt()
      const token = readAccessToken(body.access_token)
      const isStored = await (isCookie ? store.write(null) : keep(body, token, attempt))
      const isInMemory = !isCookie && !isStored
      if (isInMemory) {
        store.leave()
        await keep(body, token, attempt)
      }
      tokens.held = token
      endedId = null
      backoff.succeed()
      change('signed_in', 'login', { id: token.sid, user: body.user })
      if (isInMemory) warn()
      page.tell('changed')
    },
    logout: logout.run,
    close(): void {
      page.close()
      forget()
    },
  }
}
