import type { LogoutScope } from './outcomes.ts'
import { type Answer, isVerdict, type Requests } from './requests.ts'
import { type Store, type StoredSession, sidOf } from './stored-session.ts'

interface LogoutOptions {
  store: Store
  requests: Requests
  isCookie: boolean
  /** Forgets the session in all tabs. */
  signOutAll(): void
}

/** Logs out here first. The server is told then, or later if it cannot be reached; until then the storage remembers it. */
export function createLogout({ store, requests, isCookie, signOutAll }: LogoutOptions) {
  const tell = (scope: LogoutScope, { refresh_token }: StoredSession) =>
    requests.send('/logout', { scope, refresh_token }, { keepalive: true })

  /** Tells the server of a logout. Returns whether it knows now. */
  async function finish(pending: StoredSession | null): Promise<boolean> {
    const logout = pending?.signed_out
    if (!logout) return true
    const isOver = pending.ends_at && Date.now() > pending.ends_at
    if (!isOver && !isEnd(await tell(logout.scope, pending))) return false
    const stored = await store.read()
    // A login in between has replaced it.
    if (stored?.signed_out?.at === logout.at) await store.write(null)
    return true
  }

  /** Tells the server of a logout that it may not know yet. What fails is tried again when the page wakes up. */
  const repeat = (): unknown =>
    store
      .read()
      .then(finish)
      .catch(() => {})

  async function run({ scope = 'session' }: { scope?: LogoutScope } = {}): Promise<{ ended: boolean }> {
    let stored = await store.read()
    if (scope === 'others') return { ended: (await tell(scope, stored ?? {})).status === 200 }
    if (isCookie || sidOf(stored)) {
      stored = { ...stored, signed_out: { at: Date.now(), scope } }
      if (!(await store.write(stored))) await store.write(null)
    }
    signOutAll()
    return { ended: await finish(stored) }
  }

  return { run, repeat }
}

/** Whether the session is over: a 401 says that it was already. */
const isEnd = (answer: Answer): boolean => answer.status === 200 || isVerdict(answer)
