import { type LoginOutcome, type Proof, type Refused, TesseraError, type User, type VerifyOutcome } from './outcomes.ts'
import { type Answer, detailsOf, type Schemas, tokensOf } from './requests.ts'
import type { SharedSession } from './shared-session.ts'

/** A login may wait for its place among the server's password hashes. */
const TIMEOUT_SECONDS = 30

/** Runs a login in its two steps; `verify` completes one that asked for more than a password. */
export function signInWith({ alone, begin, requests, isCookie }: SharedSession) {
  const signIn = <Other>(path: string, content: object, read: (answer: Answer) => Other) =>
    alone<{ user: User } | Other>(async () => {
      const answer = await requests.send(path, content, { limit: TIMEOUT_SECONDS })
      const body = tokensOf<'LoginResponse'>(answer)
      if (!body) return read(answer)
      await begin(body, answer.attempt)
      return { user: body.user }
    })

  return {
    login: ({ email, password }: Schemas['LoginRequest']): Promise<LoginOutcome> =>
      signIn('/login', { email, password, ...(isCookie && { cookie: true }) }, readLogin),
    verify: (token: string, proof: Proof): Promise<VerifyOutcome> =>
      signIn('/login/verify', { login_token: token, ...proof }, readVerification),
  }
}

function readLogin(answer: Answer): LoginOutcome {
  const { code, login_token: token, expires_in: expiresInSeconds, methods, public_key: publicKey } = detailsOf(answer)
  if (code === 'second_factor_required') return { secondFactor: { token, methods, publicKey } }
  if (code === 'email_not_verified') return { emailNotVerified: { token, expiresInSeconds } }
  return { refused: answer.status === 401 && answer.body?.error ? 'wrong' : refusal(answer) }
}

function readVerification(answer: Answer): VerifyOutcome {
  const { code, attempts_left: attemptsLeft = null } = detailsOf(answer)
  if (code === 'login_expired') return { refused: 'expired' }
  return answer.status === 422 ? { refused: 'wrong', attemptsLeft } : { refused: refusal(answer) }
}

/** @throws for a refusal that no user can do anything about, such as a page that is not in `CORS_ORIGINS` */
function refusal(answer: Answer): Exclude<Refused, 'wrong'> {
  const { status, body } = answer
  if (status === 429) return 'limited'
  if (status >= 500) return 'busy'
  if (status >= 400 && body?.error) throw new TesseraError(detailsOf(answer).code ?? `${status}`, body.error.message)
  return 'offline'
}
