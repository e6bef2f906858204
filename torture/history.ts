import type { Token } from './actors/token.ts'

/** What a client knows of a call: `unknown` may have happened or not, and was no answer to build on. */
export type Outcome = 'ok' | 'refused' | 'unknown'

export type Action = 'sign_up' | 'login' | 'issue' | 'refresh' | 'me' | 'logout' | 'delete' | 'disable' | 'set_password'

/** One call of one client, from its invocation to its answer, or to when the client gave up on one. */
export interface Call {
  actor: string
  action: Action
  /** E-mail address of the user whom it is about. */
  user: string
  /** The session that it is about, if it is about one that is known. */
  session: string | null
  presented: Token | null
  /** The `Idempotency-Key` that was sent. */
  key: string | null
  /** How the refresh token came; cookies have a rule of their own. */
  kind: 'login' | 'cookie' | 'pair' | null
  /** A pair sent with the access token of another generation. */
  mixed: boolean
  /** Where it came from, as a trusted proxy said. */
  address: string
  /** Milliseconds on one clock for all clients. */
  startedAt: number
  endedAt: number
  outcome: Outcome
  /** Null without an answer. 503 is an answer, and its outcome unknown. */
  status: number | null
  received: Token | null
}

/** What happened, in the order in which the calls ended. */
export class History {
  readonly calls: Call[] = []

  record(call: Call): void {
    this.calls.push(call)
  }
}

export const now = () => performance.now()
