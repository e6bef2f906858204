import { type LoginOutcome, type Proof, type Refused, TesseraError, type User, type VerifyOutcome } from './outcomes.ts'
import { type Answer, detailsOf, type Schemas, tokensOf } from './requests.ts'
import type { SharedSession } from './shared-session.ts'

/** A login may wait for its place among the server's password hashes. */
const TIMEOUT_SECONDS = 30

/** Runs a login in its two steps; `verify` completes one that asked for more than a password. */
export function signInWith({ alone, begin, requests, isCookie }: SharedSession) {
  const signIn = (path: string, content: object): Promise<Answer & { user?: User }> =>
    alone(async () => {
      const answer = await requests.send(path, content, { limit: TIMEOUT_SECONDS })
      const body = tokensOf<'LoginResponse'>(answer)
      if (!body) return answer
      await begin(body, answer.attempt)
      return { ...answer, user: body.user }
    })

  return {
    async login({ email, password }: Schemas['LoginRequest']): Promise<LoginOutcome> {
      const answer = await signIn('/login', { email, password, ...(isCookie && { cookie: true }) })
      const { user } = answer
      if (user) return { user }
      const {
        code,
        login_token: token,
        expires_in: expiresInSeconds,
        methods,
        public_key: publicKey,
      } = detailsOf(answer)
      if (code === 'second_factor_required') return { secondFactor: { token, methods, publicKey } }
      if (code === 'email_not_verified') return { emailNotVerified: { token, expiresInSeconds } }
      return { refused: answer.status === 401 && answer.body?.error ? 'wrong' : refusal(answer) }
    },

    async verify(token: string, proof: Proof): Promise<VerifyOutcome> {
      const answer = await signIn('/login/verify', { login_token: token, ...proof })
      const { user, status } = answer
      if (user) return { user }
      const { code, attempts_left: attemptsLeft = null } = detailsOf(answer)
      if (code === 'login_expired') return { refused: 'expired' }
      return status === 422 ? { refused: 'wrong', attemptsLeft } : { refused: refusal(answer) }
    },
  }
}

/** @throws for a refusal that no user can do anything about, such as a page that is not in `CORS_ORIGINS` */
function refusal(answer: Answer): Exclude<Refused, 'wrong'> {
  const { status, body } = answer
  if (status === 429) return 'limited'
  if (status >= 500) return 'busy'
  if (status >= 400 && body?.error) throw new TesseraError(detailsOf(answer).code ?? `${status}`, body.error.message)
  return 'offline'
}
