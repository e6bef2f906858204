import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from 'react'
import type { Client, Session, User } from './client.ts'

interface Provided {
  client: Client
  initial: Session
}

const SessionContext = createContext<Provided | null>(null)

export interface SessionProviderProps {
  client: Client
  /** The user whom the server that rendered the page knows; null or absent if it knows none, which does not mean signed out. */
  initial?: User | null
  children?: ReactNode
}

/** Gives the session to `useSession`, and finds out on the first page whether the user is signed in. */
export function SessionProvider({ client, initial = null, children }: SessionProviderProps) {
  useEffect(() => {
    client.accessToken().catch(() => {}) // without a verdict the session stays unknown
  }, [client])
  const value = useMemo<Provided>(() => {
    const status = initial ? 'signed_in' : 'unknown'
    return { client, initial: { status, id: null, user: initial, reason: null } }
  }, [client, initial])
  return createElement(SessionContext.Provider, { value }, children)
}

/** The session, from the first rendering on; the component renders again when it changes. */
export function useSession(): Session {
  const provided = useContext(SessionContext)
  if (!provided) throw new Error('useSession found no session: put the component into a SessionProvider')
  const { client, initial } = provided
  const session = useSyncExternalStore(
    (listener) => client.on('change', listener),
    () => client.session,
    () => null,
  )
  return !session || session.status === 'unknown' ? initial : session
}
