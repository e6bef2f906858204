import type { components } from './api-types.ts'

type Schemas = components['schemas']

/** An operator may have more roles than those of the description. */
export type User = Omit<Schemas['User'], 'role'> & { role: string }

/** Why a login was refused: by its credentials, for too many attempts, by a busy server, or since no server answered. */
export type Refused = 'wrong' | 'limited' | 'busy' | 'offline'

export interface SecondFactor {
  /** For `verify`. */
  token: string
  methods: string[]
  /** For `navigator.credentials.get`, if a passkey is among the methods. */
  publicKey: unknown
}

export type LoginOutcome =
  | { user: User }
  | { secondFactor: SecondFactor }
  /** A code was mailed; `verify` takes it with the token. */
  | { emailNotVerified: { token: string; expiresInSeconds: number } }
  | { refused: Refused }

/** `expired`: the login has to begin again. */
export type VerifyOutcome =
  | { user: User }
  | { refused: 'wrong'; attemptsLeft: number | null }
  | { refused: Exclude<Refused, 'wrong'> | 'expired' }

export type Proof = { code: string } | { credential: unknown }

/** The sessions that a logout ends: this one, all others of the user, or all. */
export type LogoutScope = 'session' | 'others' | 'all'

export interface Session {
  /** `unknown` until the first refresh has told, as after a reload. It does not mean that the user is signed out. */
  readonly status: 'unknown' | 'signed_in' | 'signed_out'
  readonly id: string | null
  readonly user: User | null
  /** Why the session has ended, if the server says so. */
  readonly reason: string | null
}

/** `ended` is a verdict of the server; `other_tab` says that the change came from there; `memory_only` that nothing can be stored. */
export type Cause = 'login' | 'restored' | 'logout' | 'ended' | 'other_tab' | 'memory_only'

export type OnChange = (session: Session, cause: Cause) => void

/** No verdict about the session: `code` is `offline`, or names a refusal that is a mistake of the setup. */
export class TesseraError extends Error {
  override readonly name: string = 'TesseraError'
  declare readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** The request was refused, and the session is another one now. It is not repeated: it would run as another user. */
export class SessionChanged extends TesseraError {
  override readonly name = 'SessionChanged'
  constructor() {
    super('session_changed', 'The session is another one now')
  }
}

export const offline = (): TesseraError => new TesseraError('offline', 'The server gave no verdict')
