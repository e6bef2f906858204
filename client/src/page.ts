import type { SessionStorage } from './stored-session.ts'

/** React Native's `AppState`. */
export interface AppState {
  addEventListener(type: 'change', listener: (state: string) => void): { remove(): void }
}

type Listener = (event: { type: string; key?: string | null; persisted?: boolean }) => void

/** The parts of browsers and workers that a server runtime lacks. */
const page = globalThis as {
  document?: { visibilityState: string }
  WorkerGlobalScope?: unknown
  BroadcastChannel?: typeof BroadcastChannel
  location?: { href: string; origin: string }
  localStorage?: SessionStorage
  addEventListener?(type: string, listener: Listener, options: { signal: AbortSignal }): void
}

export const pageAddress = (): string | undefined => page.location?.href
export const pageOrigin = (): string | undefined => page.location?.origin

/** The page's `localStorage`; none in workers and servers, and where the user has forbidden it. */
export function pageStorage(): SessionStorage | undefined {
  try {
    return page.document && page.localStorage
  } catch {
    return undefined
  }
}

/** Between tabs: a login begins, or is over; the session is another one, or signed out. No token travels. */
export type TabMessage = 'login' | 'idle' | 'changed' | 'stored' | { signed_out: string | null }

export interface PageEvents {
  /** The user returned to the page, the device woke up, or the network is there again. */
  wake(isOnline: boolean): void
  hear(message: TabMessage): void
}

/** Listens to the page, and connects the tabs that share a session. In a server runtime nothing is shared. */
export function listen(key: string, appState: AppState | undefined, { wake, hear }: PageEvents) {
  const closing = new AbortController()
  const app = appState?.addEventListener('change', (state) => state === 'active' && wake(false))
  let channel: InstanceType<typeof BroadcastChannel> | undefined
  if (page.document ?? page.WorkerGlobalScope) {
    if (page.BroadcastChannel) {
      channel = new page.BroadcastChannel(key)
      channel.onmessage = ({ data }) => hear(data)
    }
    const listener: Listener = (event) => {
      if (event.type === 'storage') event.key === key && hear(channel ? 'stored' : 'changed')
      // A page that is shown for the first time has not slept: its first call refreshes.
      else if (page.document?.visibilityState !== 'hidden' && event.persisted !== false) wake(event.type === 'online')
    }
    for (const type of ['visibilitychange', 'pageshow', 'online', 'storage'])
      page.addEventListener?.(type, listener, closing)
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
