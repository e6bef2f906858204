import { type Decision, decide } from '../../src/auth/refresh/refresh-policy.ts'
import type { TokenRow } from '../../src/storage/session/refresh-tokens.ts'

// One chain that `decide` governs, with ages in ticks instead of times, so that its states are few.

export type Party = 'owner' | 'thief'

export interface Row {
  generation: number
  made: number
  used: number | null
  key: string | null
  by: Party | null
}

/** A token with its key: one that its client drew, or the attempt that the server handed out with it. */
export interface Holding {
  token: number
  key: string | null
  /** The age of an attempt. */
  keyAge: number
}

export interface Chain {
  ended: boolean
  rows: Row[]
}

export interface ChainRules {
  kind: 'login' | 'pair'
  rotation: 'adaptive' | 'strict'
  inCookie: boolean
  /** Whether keys are attempts of the server. */
  attempts: boolean
  /** The ticks of the 30 seconds of line 6b, and of the window of line 5c. */
  windowTicks: number
  replayTicks: number
}

/** The token that the server answers, with a new attempt unless it was kept. */
type Answer = { token: number; isKept: boolean }

const NOW = Date.UTC(2026, 4, 1)
const USER = { user_id: 1, guid: 'guid', role: 'user', token_version: 0, disabled_at: null } as const
const EXPIRY = new Date(NOW + 1e9)
const ACTIVE = { session_id: 'session', expires_at: EXPIRY, revoked_at: null, revoke_reason: null, token_carrier: null }
const ISSUED = { token_digest: 'digest', salt: 'salt', jti: 'jti', token_ip: '127.0.0.1', token_expires_at: EXPIRY }
const SECONDS_OF_LINE_6B = 30

/** Presents a token and applies the decision; null if the session ended. */
export function present(rules: ChainRules, chain: Chain, { token, key, keyAge }: Holding, by: Party): Answer | null {
  const tickSeconds = SECONDS_OF_LINE_6B / rules.windowTicks
  const dateOfAge = (age: number) => new Date(NOW - age * tickSeconds * 1000)
  const toTokenRow = ({ generation, made, used, key: usedWith }: Row): TokenRow => ({
    ...ISSUED,
    generation,
    used_at: used === null ? null : dateOfAge(used),
    attempt_digest: used === null ? null : (usedWith ?? 'drawn for another request'),
    key_digest: null,
    token_created_at: dateOfAge(made),
  })
  const decision = decide({
    now: dateOfAge(0),
    endpoint: rules.kind,
    generation: token,
    chain: { ...USER, ...ACTIVE, kind: rules.kind, rotation: rules.rotation, tokens: chain.rows.map(toTokenRow) },
    digestMatches: chain.rows.some(({ generation }) => generation === token) ? true : null,
    accessToken: rules.kind === 'pair' ? 'matches' : 'not_needed',
    attemptDigests: [key ?? 'drawn for this request'],
    attemptMadeAt: rules.attempts && key !== null ? dateOfAge(keyAge) : null,
    replayWindowSeconds: rules.replayTicks * tickSeconds,
    // The other way to travel is refused and ends nothing, so the thief takes the owner's.
    inCookie: rules.inCookie,
  })
  return applyDecision(chain, decision, key, by)
}

/** Applies a decision as `refresh-chain.ts` does. */
function applyDecision(chain: Chain, decision: Decision, key: string | null, by: Party): Answer | null {
  const insert = (generation: number) => chain.rows.push({ generation, made: 0, used: null, key: null, by: null })
  switch (decision.kind) {
    case 'reused':
      chain.ended = true
      return null
    case 'repeat':
      return { token: decision.successor.generation, isKept: false }
    case 'keep':
      return { token: decision.unused.generation, isKept: true }
    case 'offer':
      if (!decision.successor) insert(1)
      return { token: 1, isKept: false }
    case 'rotate': {
      const { generation } = decision.unused
      chain.rows = chain.rows.filter((row) => row.generation >= generation)
      Object.assign(chain.rows.find((row) => row.generation === generation) as Row, { used: 0, key, by })
      insert(generation + 1)
      return { token: generation + 1, isKept: false }
    }
    default:
      throw new Error(`${decision.kind} cannot occur here`)
  }
}
