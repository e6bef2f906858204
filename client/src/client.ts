import { bearerFetch } from './bearer-fetch.ts'
import { signInWith } from './login.ts'
import {
  type LoginOutcome,
  type LogoutScope,
  type OnChange,
  type Proof,
  type Session,
  SessionChanged,
  TesseraError,
  type User,
  type VerifyOutcome,
} from './outcomes.ts'
import { type AppState, pageOrigin, pageStorage } from './page.ts'
import { createRequests, type Fetch } from './requests.ts'
import { createServiceClient } from './service-client.ts'
import { sharedSession } from './shared-session.ts'
import { memoryStorage, type SessionStorage } from './stored-session.ts'

export type * from './outcomes.ts'
export type { AppState } from './page.ts'
export type { Fetch } from './requests.ts'
export type { ServiceClient, ServiceClientOptions } from './service-client.ts'
export type { SessionStorage } from './stored-session.ts'
export { createServiceClient, SessionChanged, TesseraError }

export interface ClientOptions {
  /** Tessera's address, such as `https://auth.example.com`. */
  url: string
  /** Where the refresh token is stored; by default `localStorage`, or memory where there is none. */
  storage?: SessionStorage
  /** Whether the refresh token is in a cookie; by default where `url` has the page's own origin, unless there is a `storage`. */
  cookie?: boolean
  /** The origins that get the access token; by default the page's and that of `url`. */
  origins?: string[]
  fetch?: Fetch
  onChange?: OnChange
  /** React Native's `AppState`. */
  appState?: AppState
}

export interface Client {
  readonly session: Session
  /** The signed-in user; null while it is not known, too. */
  readonly user: User | null
  login(credentials: { email: string; password: string }): Promise<LoginOutcome>
  /** Completes a login that asked for a code or a second factor. */
  verify(token: string, proof: Proof): Promise<VerifyOutcome>
  /** Signs out here at once. `ended` says whether the server knows; if not, it is told as soon as it can be reached. */
  logout(options?: { scope?: LogoutScope }): Promise<{ ended: boolean }>
  /** `fetch` with the access token; after a 401, one refresh and one repetition. */
  fetch: Fetch
  /** Resolves to null when signed out. @throws {TesseraError} `offline` if there is no verdict */
  accessToken(options?: { minValiditySeconds?: number }): Promise<string | null>
  /** Returns an end to it. */
  on(event: 'change', listener: OnChange): () => void
  /** Ends listening to the page and to other tabs. The session stays. */
  close(): void
}

export function createClient(options: ClientOptions): Client {
  const { storage, appState, onChange } = options
  const url = options.url.replace(/\/+$/, '')
  const send: Fetch = options.fetch ?? ((input, init) => fetch(input, init))
  const isCookie = options.cookie ?? (!storage && new URL(url).origin === pageOrigin())
  const lasting = storage ?? pageStorage()
  const shared = sharedSession({
    storage: lasting ?? memoryStorage(),
    key: `tessera.${url}${isCookie ? '.cookie' : ''}`.replace(/\W+/g, '.'), // as strict as the keys of keychains
    isCookie,
    requests: createRequests(`${url}/api/v1/auth`, send, isCookie),
    appState,
  })
  const { tokens, listeners } = shared
  if (onChange) listeners.add(onChange)
  if (!lasting && !isCookie) queueMicrotask(shared.warn)

  return {
    get session() {
      return shared.session
    },
    get user() {
      return shared.session.user
    },
    ...signInWith(shared),
    logout: shared.logout,
    fetch: bearerFetch(send, tokens, options.origins ?? [url, pageOrigin()]),
    accessToken: ({ minValiditySeconds } = {}) => tokens.get(minValiditySeconds),
    on(_, listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: shared.close,
  }
}
