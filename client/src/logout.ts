import type { LogoutScope } from './outcomes.ts'
import { isPage } from './page.ts'
import { type Answer, isVerdict, type Requests } from './requests.ts'
import type { Store } from './stored-session.ts'

interface LogoutOptions {
  store: Store
  requests: Requests
  isCookie: boolean
  /** Forgets the session in all tabs. */
  signOut(): void
}

/** Logs out here first. The server is told then, or later if it cannot be reached; until then the storage remembers it. */
export function createLogout({ store, requests, isCookie, signOut }: LogoutOptions) {
  const tell = (scope: LogoutScope, refresh_token?: string) =>
    requests.send('/api/v1/auth/logout', { scope, ...(!isCookie && { refresh_token }) }, { keepalive: isPage() })

  /** Tells the server of a logout that it may not know yet. Returns whether it knows now. */
  async function repeat(): Promise<boolean> {
    const stored = await store.read()
    const pending = stored?.signed_out
    if (!pending) return true
    const isOver = !isCookie && Date.now() > (stored.ends_at ?? 0)
    if (!isOver && !isEnd(await tell(pending.scope, stored.refresh_token))) return false
    const now = await store.read()
    // A login in between has replaced it.
    if (now?.signed_out?.at === pending.at) await store.write(null)
    return true
  }

  async function run(scope: LogoutScope): Promise<boolean> {
    const stored = await store.read()
    const token = stored?.refresh_token
    if (scope === 'others') return (await tell(scope, token)).status === 200
    const isThere = isCookie || (token && !stored.signed_out)
    const isKept = isThere && (await store.write({ ...stored, signed_out: { at: Date.now(), scope } }))
    signOut()
    if (isKept || !isThere) return repeat()
    await store.write(null)
    return isEnd(await tell(scope, token))
  }

  return { run, repeat }
}

/** Whether the session is over: a 401 says that it was already. */
const isEnd = (answer: Answer): boolean => answer.status === 200 || isVerdict(answer)
