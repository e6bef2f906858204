import { isDeepStrictEqual } from 'node:util'
import { expect, expectError, expectHeader, expectStatus, hasExactly, isObject } from '../expect.ts'
import * as flow from '../flows.ts'
import { altered, claimsOf, headerOf, unsigned, withClaims } from '../jwt.ts'
import { type Promised, promisesOf, Skipped } from '../promise.ts'
import type { Answer, Target } from '../target.ts'

const { original, addition } = promisesOf('jwt-api')
const WRONG = 'Invalid email or password'
const MISSING = 'Missing or invalid token'
const ORIGINAL_FIELDS = ['id', 'email', 'first_name', 'last_name', 'role', 'created_at', 'updated_at']
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

function attempt(target: Target, email: unknown, password: unknown): Promise<Answer> {
  return target.post(flow.LOGIN, { email, password })
}

async function wrongPassword(target: Target): Promise<Answer> {
  return attempt(target, (await flow.otherUser(target)).email, 'a wrong password')
}

/** Expects 422 with details that name these fields, each of which is missing or not a string. */
export function expectNamed(answer: Answer, ...fields: string[]): void {
  expectError(answer, 422)
  const { details } = answer.body.error
  const isKept = hasExactly(details, fields) && fields.every((field) => details[field]?.length > 0)
  expect(answer, isKept, `details that name ${fields.join(' and ')}`)
}

/** The promises about login and the access token. */
export const authentication: readonly Promised[] = [
  original('a right login is 200 with user, access_token and refresh_token', async (target) => {
    const { answer } = await flow.anySession(target)
    expect(answer, isObject(answer.body.user), 'a user')
  }),
  original(`its user has ${ORIGINAL_FIELDS.join(', ')}`, async (target) => {
    const { answer, user } = await flow.anySession(target)
    const missing = ORIGINAL_FIELDS.filter((field) => !(field in user))
    expect(answer, missing.length === 0, `a user that also has ${missing.join(', ')}`)
  }),
  original('dates are ISO 8601 in UTC with milliseconds', async (target) => {
    const { answer, user } = await flow.anySession(target)
    const dates = [user['created_at'], user['updated_at']]
    expect(
      answer,
      dates.every((date) => ISO_DATE.test(String(date))),
      'dates like 2024-01-01T00:00:00.000Z',
    )
  }),
  original('the access token is a JWT signed with HS256 that expires in the future', async (target) => {
    const { answer, access_token } = await flow.anySession(target)
    const { alg } = headerOf(access_token)
    expect(answer, alg === 'HS256', `an access token of HS256, not of ${JSON.stringify(alg)}`)
    expect(answer, Number(claimsOf(access_token)['exp']) > Date.now() / 1000, 'a claim exp in the future')
  }),
  original(`a wrong password, or an unknown address, is 401 "${WRONG}"`, async (target) => {
    expectError(await wrongPassword(target), 401, WRONG)
    expectError(await attempt(target, flow.freshEmail(), 'a wrong password'), 401, WRONG)
  }),
  addition(
    'its user has these fields, guid and email_verified_at only; the answer has user, the tokens, token_type, their lifetimes and device_token only',
    async (target) => {
      const { answer, user } = await flow.anySession(target)
      const isKept = hasExactly(answer.body, ['user', ...flow.TOKEN_FIELDS, 'device_token'])
      expect(
        answer,
        isKept && hasExactly(user, [...ORIGINAL_FIELDS, 'guid', 'email_verified_at']),
        'exactly the fields of the contract',
      )
    },
  ),
  addition('an access token lives 900 seconds: exp - iat', async (target) => {
    const { answer, access_token } = await flow.anySession(target)
    const { exp, iat } = claimsOf(access_token)
    const seconds = Number(exp) - Number(iat)
    expect(answer, seconds === 900, `a life of 900 seconds, not ${seconds}`)
  }),
  addition('no cache may store a login: Cache-Control: no-store', async (target) => {
    expectHeader((await flow.anySession(target)).answer, 'cache-control', /\bno-store\b/)
  }),
  addition('the address may be in another case and with spaces around it', async (target) => {
    const { email, password } = await flow.anyUser(target)
    expectStatus(await attempt(target, `  ${email.toUpperCase()} `, password), 200)
  }),
  addition('two logins are two sessions: logging one out leaves the other', async (target) => {
    const [one, two] = [await flow.logIn(target), await flow.logIn(target)]
    expectStatus(await flow.logOut(target, one.refresh_token), 200)
    expectStatus(await flow.me(target, two.access_token), 200)
    expectStatus(await flow.refresh(target, two.refresh_token), 200)
  }),
  addition(
    'wrong password and unknown address get the same answer byte for byte, with WWW-Authenticate: Bearer',
    async (target) => {
      const wrong = await wrongPassword(target)
      const unknown = await attempt(target, flow.freshEmail(), 'a wrong password')
      expect(unknown, unknown.text === wrong.text, wrong.text)
      for (const answer of [wrong, unknown]) expectHeader(answer, 'www-authenticate', /^Bearer\b/)
    },
  ),
  addition(`an empty, long or malformed address or password is 401 "${WRONG}"`, async (target) => {
    const { email, password } = await flow.otherUser(target)
    for (const other of ['', 'x'.repeat(10_000), `${password}\0`]) {
      expectError(await attempt(target, email, other), 401, WRONG)
    }
    expectError(await attempt(target, 'no address', password), 401, WRONG)
  }),
  addition('a login whose fields are missing or not strings is 422, and details name them', async (target) => {
    expectNamed(await target.post(flow.LOGIN, {}), 'email', 'password')
    expectNamed(await attempt(target, 'user@example.com', 12345678), 'password')
    expectNamed(await attempt(target, ['user@example.com'], 'a password'), 'email')
  }),
  addition('a login with broken JSON is 400, with another content type 415, with 32 KB 413', async (target) => {
    expectError(await target.post(flow.LOGIN, '{"email":'), 400)
    expectError(await target.post(flow.LOGIN, 'email=x', { headers: { 'content-type': 'text/plain' } }), 415)
    expectError(await attempt(target, 'x'.repeat(32_768), 'x'), 413)
  }),
  addition('other methods are 405 with Allow', async (target) => {
    for (const path of [flow.LOGIN, flow.REFRESH, flow.LOGOUT]) {
      const answer = await target.get(path)
      expectError(answer, 405)
      expectHeader(answer, 'allow', /\bPOST\b/)
    }
    const answer = await target.post(flow.ME, {})
    expectError(answer, 405)
    expectHeader(answer, 'allow', /\bGET\b/)
  }),
  addition('an unknown path is 404 {"error":{"message","details"}}', async (target) => {
    for (const path of ['/api/v1/auth/nothing-here', '/nothing-here']) expectError(await target.get(path), 404)
  }),
  addition('GET /health and GET /ready are 200', async (target) => {
    for (const path of ['/health', '/ready']) expectStatus(await target.get(path), 200)
  }),

  original('GET /api/v1/auth/me with the access token is 200 {"user"}, the one who logged in', async (target) => {
    const { access_token, user } = await flow.anySession(target)
    const answer = await flow.me(target, access_token)
    const isKept = answer.status === 200 && hasExactly(answer.body, ['user'])
    expect(answer, isKept && isDeepStrictEqual(answer.body.user, user), `200 ${JSON.stringify({ user })}`)
  }),
  original(`/me without a token, or with an invalid one, is 401 "${MISSING}"`, async (target) => {
    expectError(await target.get(flow.ME), 401, MISSING)
    for (const token of ['nonsense', 'a.b.c']) expectError(await flow.me(target, token), 401, MISSING)
  }),
  original(
    `an access token with other claims, or another character in its signature, is 401 "${MISSING}"`,
    async (target) => {
      const { access_token } = await flow.anySession(target)
      const forged = [withClaims(access_token, { role: 'admin' }), withClaims(access_token, { exp: 9_999_999_999 })]
      for (const token of [...forged, altered(access_token, -2), altered(access_token, -20)]) {
        expectError(await flow.me(target, token), 401, MISSING)
      }
    },
  ),
  original(`an unsigned access token ("alg":"none") is 401 "${MISSING}"`, async (target) => {
    const { access_token } = await flow.anySession(target)
    const signature = access_token.split('.')[2]
    for (const token of [unsigned(access_token), unsigned(access_token) + signature]) {
      expectError(await flow.me(target, token), 401, MISSING)
    }
  }),
  addition('/me without a token, or with an invalid one, has WWW-Authenticate: Bearer', async (target) => {
    expectHeader(await target.get(flow.ME), 'www-authenticate', /^Bearer\b/)
    expectHeader(await flow.me(target, 'nonsense'), 'www-authenticate', /^Bearer\b/)
  }),
  addition(`/me with another scheme, or with a refresh token, is 401 "${MISSING}"`, async (target) => {
    const { access_token, refresh_token } = await flow.anySession(target)
    const basic = await target.get(flow.ME, { headers: { authorization: `Basic ${access_token}` } })
    expectError(basic, 401, MISSING)
    expectError(await flow.me(target, refresh_token), 401, MISSING)
  }),
  addition('the user of sign-up, login and /me is the same', async (target) => {
    const { answer } = await flow.anyUser(target)
    if (!answer.body?.user) throw new Skipped('sign-up returns no user')
    const { user } = await flow.anySession(target)
    expect(answer, isDeepStrictEqual(answer.body.user, user), JSON.stringify(user))
  }),
]
