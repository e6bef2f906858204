import type { SessionStorage } from './stored-session.ts'

/** React Native's `AppState`. */
export interface AppState {
  addEventListener(type: 'change', listener: (state: string) => void): { remove(): void }
}

type Listener = (event: { type: string; key?: string | null }) => void

/** The parts of browsers and workers that a server runtime lacks. */
const page = globalThis as {
  document?: { visibilityState: string }
  WorkerGlobalScope?: unknown
  location?: { href: string; origin: string }
  localStorage?: SessionStorage
  addEventListener?(type: string, listener: Listener, options: { signal: AbortSignal }): void
}

export const pageAddress = (): string | undefined => page.location?.href
export const pageOrigin = (): string | undefined => page.location?.origin

/** Whether requests can outlive what sent them. */
export const isPage = (): boolean => !!page.document

/** The page's `localStorage`; null in workers and servers, and where the user has forbidden it. */
export function pageStorage(): SessionStorage | null {
  try {
    return (page.document && page.localStorage) ?? null
  } catch {
    return null
  }
}

/** Between tabs: a login begins, or is over; the session is another one, or signed out. No token travels. */
export type TabMessage = 'login' | 'idle' | 'changed' | 'stored' | { signedOut: string | null }

export interface PageEvents {
  /** The user returned to the page, the device woke up, or the network is there again. */
  wake(isOnline: boolean): void
  hear(message: TabMessage): void
}

/** Listens to the page, and connects the tabs that share a session. In a server runtime nothing is shared. */
export function listen(key: string, appState: AppState | undefined, { wake, hear }: PageEvents) {
  const closing = new AbortController()
  const app = appState?.addEventListener('change', (state) => state === 'active' && wake(false))
  const hasTabs = page.document ?? page.WorkerGlobalScope
  const channel = hasTabs && typeof BroadcastChannel === 'function' ? new BroadcastChannel(key) : null
  if (channel) channel.onmessage = ({ data }) => hear(data)
  if (hasTabs) {
    for (const type of ['visibilitychange', 'resume', 'pageshow', 'online', 'storage']) {
      const listener: Listener = (event) => {
        if (type === 'storage') event.key === key && hear(channel ? 'stored' : 'changed')
        else if (page.document?.visibilityState !== 'hidden') wake(type === 'online')
      }
      page.addEventListener?.(type, listener, { signal: closing.signal })
    }
  }
  return {
    tell: (message: TabMessage) => channel?.postMessage(message),
    close(): void {
      closing.abort()
      channel?.close()
      app?.remove()
    },
  }
}
