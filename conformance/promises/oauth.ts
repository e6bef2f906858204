import { expect, expectHeader, expectStatus, hasExactly } from '../expect.ts'
import * as flow from '../flows.ts'
import { altered, claimsOf } from '../jwt.ts'
import { type Promised, promisesOf, Skipped } from '../promise.ts'
import type { Answer, Target } from '../target.ts'

const { addition } = promisesOf('oauth')
const INTROSPECT = '/oauth/introspect'
const REVOKE = '/oauth/revoke'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const INACTIVE = '{"active":false}'

const postForm = (target: Target, path: string, form: string, headers: Record<string, string> = {}) =>
  target.post(path, form, { headers: { ...FORM, ...headers } })

const revoke = (target: Target, token: string) => postForm(target, REVOKE, `token=${encodeURIComponent(token)}`)

/** Asks about a token with the service key. @throws {Skipped} without one, or if it lacks the scope */
async function introspect(target: Target, form: string): Promise<Answer> {
  const { serviceKey } = target.options
  if (serviceKey === undefined) throw new Skipped('no --service-key was given')
  const answer = await postForm(target, INTROSPECT, form, { authorization: `Bearer ${serviceKey}` })
  if (answer.status === 403) throw new Skipped('the service key lacks the scope introspect')
  return answer
}

const about = (target: Target, token: string) => introspect(target, `token=${encodeURIComponent(token)}`)

function expectInactive(answer: Answer): void {
  expect(answer, answer.status === 200 && answer.text === INACTIVE, `200 ${INACTIVE}`)
}

/** Expects a refusal in the shape of RFC 6749, 5.2, which nothing may keep. */
function expectRefusal(answer: Answer, status: number, error: string): void {
  expectStatus(answer, status)
  const isKept = hasExactly(answer.body, ['error', 'error_description']) && answer.body.error === error
  expect(answer, isKept, `{"error":"${error}","error_description"}`)
  expectHeader(answer, 'cache-control', /no-store/)
}

/** Expects 200 with an empty body, the one answer of RFC 7009. */
function expectRevoked(answer: Answer): void {
  expect(answer, answer.status === 200 && answer.text === '', '200 with an empty body')
}

/** The promises about introspection and revocation, which no contract's original text has. */
export const oauth: readonly Promised[] = [
  addition('POST /oauth/introspect with a service key says whose living access token it is', async (target) => {
    const { access_token } = await flow.logIn(target)
    const answer = await about(target, access_token)
    expectStatus(answer, 200)
    const { sub, sid, role, iat, exp, jti } = claimsOf(access_token)
    const seen = answer.body ?? {}
    const isKept =
      seen.active === true &&
      Object.entries({ sub, sid, role, iat, exp, jti }).every(([name, value]) => seen[name] === value)
    expect(answer, isKept, 'active true with sub, sid, role, iat, exp and jti of the token')
    expect(answer, seen.token_type === 'Bearer' && Array.isArray(seen.amr), 'token_type Bearer, and amr')
    expectHeader(answer, 'cache-control', /no-store/)
  }),
  addition('the access token of a pair is active, with the client_ip that it was issued to', async (target) => {
    const { access_token } = await flow.issuePair(target)
    const answer = await about(target, access_token)
    const { guid, ip } = claimsOf(access_token)
    const { active, sub, client_ip } = answer.body ?? {}
    expect(answer, active === true && sub === guid && client_ip === ip, 'active true with sub and client_ip')
  }),
  addition('a refresh token, an altered one and that of an ended session are all {"active":false}', async (target) => {
    const { access_token, refresh_token } = await flow.logIn(target)
    for (const token of [refresh_token, altered(access_token, 30), 'x', ' ']) expectInactive(await about(target, token))
    expectStatus(await flow.me(target, access_token), 200)
    expectStatus(await flow.logOut(target, refresh_token), 200)
    expectInactive(await about(target, access_token))
  }),
  addition('a request about no token, or about two, is 400 invalid_request', async (target) => {
    for (const form of ['', 'token=', 'token=a&token=b', 'access_token=a'])
      expectRefusal(await introspect(target, form), 400, 'invalid_request')
    for (const form of ['', 'token=a&token=b'])
      expectRefusal(await postForm(target, REVOKE, form), 400, 'invalid_request')
  }),
  addition('a doubled token_type_hint is ignored', async (target) => {
    const { access_token } = await flow.logIn(target)
    const form = `token_type_hint=refresh_token&token_type_hint=x&token=${access_token}`
    const answer = await introspect(target, form)
    expect(answer, answer.body?.active === true, 'active true')
  }),
  addition(
    'introspection without a service key is 401 invalid_client, in the scheme that was tried',
    async (target) => {
      const { access_token } = await flow.anySession(target)
      for (const [authorization, scheme] of [
        [undefined, /^Bearer/],
        [`Bearer ${access_token}`, /^Bearer/],
        ['Basic eDp4', /^Basic/],
        ['Basic !', /^Basic/],
      ] as const) {
        const answer = await postForm(target, INTROSPECT, 'token=x', authorization ? { authorization } : {})
        expectRefusal(answer, 401, 'invalid_client')
        expectHeader(answer, 'www-authenticate', scheme)
      }
    },
  ),
  addition('POST /oauth/revoke ends the session of a refresh token, used or not', async (target) => {
    for (const isUsed of [false, true]) {
      const { access_token, refresh_token } = await flow.logIn(target)
      if (isUsed) await flow.refreshed(target, refresh_token)
      expectRevoked(await revoke(target, refresh_token))
      expectStatus(await flow.me(target, access_token), 401)
    }
  }),
  addition('POST /oauth/revoke ends the session of an access token', async (target) => {
    const { access_token, refresh_token } = await flow.logIn(target)
    expectRevoked(await revoke(target, access_token))
    expectStatus(await flow.refresh(target, refresh_token), 401)
  }),
  addition('a revocation is 200 with an empty body for every token, and again', async (target) => {
    const { refresh_token } = await flow.logIn(target)
    for (const token of ['x', altered(refresh_token, 30), refresh_token, refresh_token])
      expectRevoked(await revoke(target, token))
  }),
]
