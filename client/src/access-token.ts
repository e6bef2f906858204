import { startTimer } from './elapsed-time.ts'

export interface AccessToken {
  value: string
  /** The session that it belongs to. */
  sid: string
  /** The seconds since it was received. */
  age(): number
  /** Whether it lives so long yet. More than most of a life is never asked of it, since no refresh could bring that. */
  lives(seconds: number): boolean
  /** Whether it is also not the time to renew it: that is at random, so that the tabs and devices of a user do not do it together. */
  isFresh(seconds: number): boolean
  /** An API refused it although it had just replaced a refused one. Another refresh would not help. */
  isSpent?: boolean
}

/** Reads an access token that was just received. Its life is counted from now, and no time in it is compared with the device's clock. */
export function readAccessToken(value: string): AccessToken {
  const { sid, exp, iat } = JSON.parse(decode(value.split('.')[1] ?? ''))
  const age = startTimer()
  const life = exp - iat
  const due = life * (0.8 + Math.random() / 10)
  const lives = (seconds: number) => life - age() > Math.min(seconds, life * 0.9)
  return { value, sid, age, lives, isFresh: (seconds) => age() < due && lives(seconds) }
}

/** Whether one of two refresh tokens of a session is earlier: their first 20 bytes, 27 characters, are session and generation. */
export const isEarlier = (one: string, other: string): boolean => head(one) < head(other)

const head = (token: string) => decode(token.slice(0, 27))

const decode = (base64url: string) => atob(base64url.replace(/-/g, '+').replace(/_/g, '/'))

/** A spent access token is not renewed before this age, however often an API refuses it. */
const SPENT_SECONDS = 30

export type AccessTokens = ReturnType<typeof holdAccessToken>

/** Holds an access token for all callers, and renews it once for all that need it at the same time. */
export function holdAccessToken(renew: () => Promise<unknown>, read = readAccessToken) {
  let flight: Promise<unknown> | null = null

  const tokens = {
    held: null as AccessToken | null,
    renew: (): Promise<unknown> =>
      (flight ??= renew().finally(() => {
        flight = null
      })),
    /** Returns null when signed out. @throws if there is no verdict, and the token that is held does not live long enough */
    async get(minValiditySeconds = 0): Promise<string | null> {
      if (!tokens.held?.isFresh(minValiditySeconds))
        await tokens.renew().catch((error) => {
          if (!tokens.held?.lives(minValiditySeconds)) throw error
        })
      return tokens.held?.value ?? null
    },
    /** Returns the token of the same session that replaces a refused one; null if there is none, `changed` if there is another session. */
    async replace(refused: string): Promise<AccessToken | 'changed' | null> {
      const { held } = tokens
      if (held?.value === refused) {
        if (held.isSpent && held.age() < SPENT_SECONDS) return null
        tokens.held = null
      }
      await tokens.get()
      const next = tokens.held
      if (next && next.sid !== read(refused).sid) return 'changed'
      if (next?.value !== refused) return next
      next.isSpent = true // the server made the same one again, within the same second
      return null
    },
  }
  return tokens
}
