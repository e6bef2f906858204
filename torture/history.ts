import type { SessionKind } from '../harness/api.ts'
import type { Token } from './actors/token.ts'

/** The result of a call as its client knows it. An `unknown` call may or may not have taken effect. */
export type Outcome = 'ok' | 'refused' | 'unknown'

/** The ends of sessions by their user: of one, of all others, and of all. */
export type EndAction = 'end_session' | 'end_others' | 'end_all'

export type Action =
  | 'sign_up'
  | 'login'
  | 'issue'
  | 'refresh'
  | 'me'
  | 'logout'
  | EndAction
  | 'delete'
  | 'disable'
  | 'set_password'
  | 'forgot_password'
  | 'reset_password'

/** One call of one client, from its start until it was answered or given up. */
export interface Call {
  actor: string
  action: Action
  /** The e-mail address of the user whom the call concerns. */
  user: string
  /** The session that the call concerns, if it is known: for `end_session`, the one that is to end. */
  session: string | null
  presented: Token | null
  /** The token of the cookie that a browser sent along with a login. */
  replaced: Token | null
  /** The `Idempotency-Key` that was sent. */
  key: string | null
  kind: SessionKind | null
  /** Whether a pair was sent with the access token of another pair. */
  mixed: boolean
  /** The kind of session that a refresh token was sent as, where that is not its own. */
  sentAs: SessionKind | null
  /** The client's address according to the trusted proxy. */
  address: string
  /** Milliseconds of one clock that all clients share. */
  startedAt: number
  endedAt: number
  outcome: Outcome
  /** Null without an answer. A 503 is an answer, but its outcome is unknown. */
  status: number | null
  received: Token | null
}

/** All calls of a run, in the order in which they ended. */
export class History {
  readonly calls: Call[] = []

  record(call: Call): void {
    this.calls.push(call)
  }
}

export const now = () => performance.now()
