import { randomUUID } from 'node:crypto'
import { expect, expectBody, expectError, expectHeader, expectStatus, hasExactly } from '../expect.ts'
import * as flow from '../flows.ts'
import { altered, claimsOf } from '../jwt.ts'
import { type Promised, promisesOf } from '../promise.ts'
import type { Answer, Target } from '../target.ts'
import { expectNamed } from './authentication.ts'

const { original, addition } = promisesOf('jwt-api')
const INVALID = 'Invalid refresh token'
const MISSING = 'Missing or invalid token'
/** Positions all over the token, without the last character, some bits of which may not count. */
const POSITIONS = [0, 1, 7, 20, 33, 50, 64, 80, 84]
export const BAD_KEYS = ['x'.repeat(15), 'x'.repeat(129), 'sixteen and a space', '']

/** Expects that all answers are 200 with the same successor. */
export function expectOneSuccessor(answers: Answer[]): void {
  const successors = new Set(answers.map((answer) => flow.tokensOf(answer).refresh_token))
  expect(answers[0] as Answer, successors.size === 1, `one successor for all, not ${successors.size}`)
}

/** Expects the refusal of a token whose session has ended, with the reason. */
export function expectEnded(answer: Answer, reason: string): void {
  expectBody(answer, 401, { error: { message: INVALID, details: { code: 'session_ended', reason } } })
}

/** Expects the same, also of a server that tells no reasons: the original text has none. */
function expectEndedOrInvalid(answer: Answer, reason: string): void {
  if (answer.body?.error?.details?.code === undefined) expectError(answer, 401, INVALID)
  else expectEnded(answer, reason)
}

/** Returns a session and its refresh, for promises that only read the answer. */
function anyRefresh(target: Target) {
  return target.shared('refresh', async () => {
    const session = await flow.logIn(target)
    return { session, answer: await flow.refresh(target, session.refresh_token) }
  })
}

/** The promises about refresh and logout. */
export const sessions: readonly Promised[] = [
  original('a refresh is 200 with an access token that /me accepts', async (target) => {
    const { session, answer } = await anyRefresh(target)
    expectStatus(answer, 200)
    const seen = await flow.me(target, answer.body?.access_token)
    expect(seen, seen.status === 200 && seen.body?.user?.id === session.user['id'], '200 and the same user')
  }),
  original('a client that keeps its first refresh token can refresh with it repeatedly', async (target) => {
    const { refresh_token } = await flow.logIn(target)
    for (let time = 0; time < 4; time++) expectStatus(await flow.refresh(target, refresh_token), 200)
  }),
  original(`an invalid refresh token is 401 "${INVALID}"`, async (target) => {
    for (const token of ['abc123def456', randomUUID()]) {
      expectError(await flow.refresh(target, token), 401, INVALID)
    }
  }),
  addition(
    'a refresh returns the tokens, token_type and their lifetimes only, and a successor that can be refreshed too',
    async (target) => {
      const { refresh_token: first } = await flow.logIn(target)
      const answer = await flow.refresh(target, first)
      const { refresh_token: second } = flow.tokensOf(answer)
      expect(answer, hasExactly(answer.body, flow.TOKEN_FIELDS), `exactly ${flow.TOKEN_FIELDS.join(', ')}`)
      expect(answer, second !== first, 'another refresh token than the one that was sent')
      await flow.refreshed(target, second)
    },
  ),
  addition('no cache may store a refresh: Cache-Control: no-store', async (target) => {
    expectHeader((await anyRefresh(target)).answer, 'cache-control', /\bno-store\b/)
  }),
  addition('the access token of a refresh has a new jti and a lifetime of 900 seconds', async (target) => {
    const { session, answer } = await anyRefresh(target)
    const { jti, exp, iat } = claimsOf(flow.tokensOf(answer).access_token)
    expect(answer, jti !== undefined && jti !== claimsOf(session.access_token)['jti'], 'a new jti')
    expect(answer, Number(exp) - Number(iat) === 900, 'exp - iat = 900')
  }),
  addition('until its successor is used, the first token gets the same successor again', async (target) => {
    const { refresh_token } = await flow.logIn(target)
    expectOneSuccessor([await flow.refresh(target, refresh_token), await flow.refresh(target, refresh_token)])
  }),
  addition(
    `once its successor was used, the first token is reuse: 401 "${INVALID}", and its session ends`,
    async (target) => {
      const { refresh_token: first } = await flow.logIn(target)
      const second = await flow.refreshed(target, first)
      const third = await flow.refreshed(target, second.refresh_token)
      expectEnded(await flow.refresh(target, first), 'reuse')
      expectEnded(await flow.refresh(target, third.refresh_token), 'reuse')
      expectError(await flow.me(target, third.access_token), 401, MISSING)
    },
  ),
  addition('reuse ends its session and no other session of the user', async (target) => {
    const [stolen, safe] = [await flow.logIn(target), await flow.logIn(target)]
    const second = await flow.refreshed(target, stolen.refresh_token)
    await flow.refreshed(target, second.refresh_token)
    expectStatus(await flow.refresh(target, stolen.refresh_token), 401)
    expectStatus(await flow.me(target, safe.access_token), 200)
    expectStatus(await flow.refresh(target, safe.refresh_token), 200)
  }),
  addition('with the same Idempotency-Key a refresh is repeated with the same successor', async (target) => {
    const { refresh_token: first } = await flow.logIn(target)
    const { refresh_token: second } = await flow.refreshed(target, first, randomUUID())
    const key = randomUUID()
    expectOneSuccessor([await flow.refresh(target, second, key), await flow.refresh(target, second, key)])
  }),
  addition(
    'an Idempotency-Key of 16 to 128 visible ASCII characters is valid; any other is 400 and changes nothing',
    async (target) => {
      const { refresh_token } = await flow.logIn(target)
      for (const key of BAD_KEYS) expectError(await flow.refresh(target, refresh_token, key), 400)
      for (const key of ['!~{}[]<>#$%&*+,.', '~'.repeat(128)]) {
        expectStatus(await flow.refresh(target, refresh_token, key), 200)
      }
    },
  ),
  addition('twenty refreshes at once with one token get one successor: the first, and a later one', async (target) => {
    const { refresh_token: first } = await flow.logIn(target)
    const { refresh_token: later } = await flow.refreshed(target, first)
    for (const token of [first, later]) {
      expectOneSuccessor(await Promise.all(Array.from({ length: 20 }, () => flow.refresh(target, token))))
    }
  }),
  addition(`a refresh token with one altered character is 401 "${INVALID}", and changes nothing`, async (target) => {
    const { refresh_token } = await flow.logIn(target)
    for (const position of POSITIONS.filter((position) => position < refresh_token.length - 1)) {
      expectError(await flow.refresh(target, altered(refresh_token, position)), 401, INVALID)
    }
    expectStatus(await flow.refresh(target, refresh_token), 200)
  }),
  addition(
    `a refresh with an empty token, an access token, or a token with extra characters is 401 "${INVALID}"`,
    async (target) => {
      const { access_token, refresh_token } = await flow.anySession(target)
      for (const token of ['', ' ', access_token, `${refresh_token}A`, `${refresh_token}=`, ` ${refresh_token}`]) {
        const answer = await flow.refresh(target, token)
        expectError(answer, 401, INVALID)
        expectHeader(answer, 'www-authenticate', /^Bearer\b/)
      }
    },
  ),
  addition(
    'a refresh or logout whose refresh_token is missing or not a string is 422, and details name it',
    async (target) => {
      for (const path of [flow.REFRESH, flow.LOGOUT]) {
        expectNamed(await target.post(path, {}), 'refresh_token')
        expectNamed(await target.post(path, { refresh_token: 12345678 }), 'refresh_token')
        expectError(await target.post(path, '{"refresh_token"'), 400)
      }
    },
  ),

  original(`a logout is 200 "Logged out successfully"; refresh and logout then 401 "${INVALID}"`, async (target) => {
    const { refresh_token } = await flow.logIn(target)
    expectBody(await flow.logOut(target, refresh_token), 200, { message: 'Logged out successfully' })
    expectEndedOrInvalid(await flow.refresh(target, refresh_token), 'logout')
    expectError(await flow.logOut(target, refresh_token), 401, INVALID)
  }),
  original(`a logout with an invalid token is 401 "${INVALID}"`, async (target) => {
    for (const token of ['abc123def456', randomUUID()]) expectError(await flow.logOut(target, token), 401, INVALID)
  }),
  addition(`after a logout, /me is 401 "${MISSING}" at once`, async (target) => {
    const { access_token, refresh_token } = await flow.logIn(target)
    expectStatus(await flow.me(target, access_token), 200)
    expectStatus(await flow.logOut(target, refresh_token), 200)
    expectError(await flow.me(target, access_token), 401, MISSING)
  }),
  addition('a used token can log its session out too: its successors are refused', async (target) => {
    const { refresh_token: first } = await flow.logIn(target)
    const second = await flow.refreshed(target, first)
    const third = await flow.refreshed(target, second.refresh_token)
    expectStatus(await flow.logOut(target, first), 200)
    expectEnded(await flow.refresh(target, third.refresh_token), 'logout')
    expectError(await flow.me(target, third.access_token), 401, MISSING)
    expectError(await flow.logOut(target, third.refresh_token), 401, INVALID)
  }),
  addition(
    `a logout with an altered or empty token, or an access token, is 401 "${INVALID}" and ends no session`,
    async (target) => {
      const { access_token, refresh_token } = await flow.logIn(target)
      for (const token of ['', access_token, altered(refresh_token, 0), altered(refresh_token, -5)]) {
        const answer = await flow.logOut(target, token)
        expectError(answer, 401, INVALID)
        expectHeader(answer, 'www-authenticate', /^Bearer\b/)
      }
      expectStatus(await flow.me(target, access_token), 200)
    },
  ),
]
