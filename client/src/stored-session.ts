import type { LogoutScope } from './outcomes.ts'
import { parseObject } from './requests.ts'

/** `localStorage`, or any store with these three, also with promises. Clients that share the object share the session. */
export interface SessionStorage {
  getItem(key: string): string | null | Promise<string | null>
  setItem(key: string, value: string): unknown
  removeItem(key: string): unknown
}

/** One value, so that it is written in one step. */
export interface StoredSession {
  /** The id of the session. */
  sid?: string
  refresh_token?: string
  /** The server's name of the attempt to use the token: a request that is repeated with it, by any tab and after any time, is the same one. */
  attempt?: string | null | undefined
  /** When the refresh token expires, by this device's clock. */
  ends_at?: number
  /** A logout that the server may not know of. The refresh token is kept only to tell it. */
  signed_out?: { at: number; scope: LogoutScope }
}

/** A store for one session, which lives as long as the client. */
export function memoryStorage(): SessionStorage {
  let item: string | null = null
  return {
    getItem: () => item,
    setItem: (_, value) => {
      item = value
    },
    removeItem: () => {
      item = null
    },
  }
}

export type Store = ReturnType<typeof createStore>

export function createStore(given: SessionStorage, key: string) {
  let storage = given
  return {
    /** @throws what the storage throws: a keychain that is locked holds a session still */
    async read(): Promise<StoredSession | null> {
      return parseObject(await storage.getItem(key))
    },
    /** Returns whether it could be stored. */
    async write(session: StoredSession | null): Promise<boolean> {
      try {
        await (session ? storage.setItem(key, JSON.stringify(session)) : storage.removeItem(key))
        return true
      } catch {
        return false
      }
    },
    /** From now on the session is in memory: nothing can be stored. */
    leave(): void {
      storage = memoryStorage()
    },
  }
}

/** The id of the session that can be refreshed; undefined if there is none. */
export const sidOf = (stored: StoredSession | null): string | undefined =>
  stored?.signed_out ? undefined : stored?.sid
