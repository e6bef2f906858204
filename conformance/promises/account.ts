import { randomUUID } from 'node:crypto'
import { expect, expectBody, expectError, expectStatus, hasExactly, isObject } from '../expect.ts'
import * as flow from '../flows.ts'
import { type Promised, promisesOf } from '../promise.ts'
import type { Answer, Target } from '../target.ts'
import { expectEnded } from './sessions.ts'

const { addition } = promisesOf('account')
const PASSWORD = '/api/v1/users/password'
const EMAIL = '/api/v1/users/email'
const NOT_ME = '/api/v1/auth/not_me'
const LOGIN_BY_MAIL = '/api/v1/auth/login/email'
const VERIFY_LOGIN = '/api/v1/auth/login/verify'
const MISSING = 'Missing or invalid token'

/** The calls that need an access token, with a body that is otherwise good. */
const WITH_BEARER: readonly [path: string, body: object][] = [
  [PASSWORD, { current_password: 'wrong', password: 'battery staple clip' }],
  [`${EMAIL}/verification`, {}],
  [`${EMAIL}/verify`, { code: 'AAAA-AAAA' }],
  [`${EMAIL}/change`, { email: 'conformance@example.com', current_password: 'wrong' }],
  [`${EMAIL}/confirm`, { code: 'AAAA-AAAA' }],
]

/** A link that the server has not mailed: its form is right. */
const foreignLink = () => Buffer.from(`${randomUUID()}${randomUUID()}`).subarray(0, 40).toString('base64url')

const change = (target: Target, { access_token: bearer }: flow.Tokens, body: object) =>
  target.post(PASSWORD, body, { bearer })

/** Expects 422 with sentences about exactly this field. */
function expectField(answer: Answer, field: string): void {
  const details = answer.body?.error?.details
  const isKept = answer.status === 422 && hasExactly(details, [field]) && Array.isArray(details[field])
  expect(answer, isKept, `422 {"error":{"message","details":{"${field}":[…]}}}`)
}

/** Expects a refusal with this `details.code`. */
function expectCode(answer: Answer, status: number, code: string): void {
  const details = answer.body?.error?.details
  expect(answer, answer.status === status && isObject(details) && details['code'] === code, `${status} "${code}"`)
}

/** Expects answers that are equal to the byte. */
function expectEqual(first: Answer, second: Answer, status: number): void {
  expectStatus(first, status)
  expectStatus(second, status)
  expect(second, first.text === second.text, `the same bytes as of another address: ${first.text}`)
}

/** The promises about passwords and addresses that need no mail to be read; no contract's original text has them. */
export const account: readonly Promised[] = [
  addition('a forgotten password is the same 202 for an address with and without an account', async (target) => {
    const user = await flow.signUp(target)
    const ask = (email: string) => target.post(`${PASSWORD}/forgot`, { email })
    expectEqual(await ask(flow.freshEmail()), await ask(user.email), 202)
    expectField(await target.post(`${PASSWORD}/forgot`, {}), 'email')
    expectStatus(await flow.me(target, (await flow.logIn(target, user)).access_token), 200)
  }),
  addition('a link that was not mailed resets nothing: 422 with "token"', async (target) => {
    for (const token of [foreignLink(), 'x', ''])
      expectField(await target.post(`${PASSWORD}/reset`, { token, password: flow.freshPassword() }), 'token')
  }),
  addition('a wrong current password is 422 and never 401, and no session ends', async (target) => {
    const session = await flow.logIn(target, await flow.otherUser(target))
    const body = { current_password: 'wrong', password: flow.freshPassword() }
    expectField(await change(target, session, body), 'current_password')
    expectStatus(await flow.me(target, session.access_token), 200)
  }),
  addition('a new password that breaks a rule is 422 with "password", and the old one works', async (target) => {
    const user = await flow.otherUser(target)
    const session = await flow.logIn(target, user)
    for (const password of ['short', ''])
      expectField(await change(target, session, { current_password: user.password, password }), 'password')
    await flow.logIn(target, user)
  }),
  addition(
    'a changed password is 204: other sessions end at once, its own goes on, only it logs in',
    async (target) => {
      const user = await flow.signUp(target)
      const [own, other] = [await flow.logIn(target, user), await flow.logIn(target, user)]
      const password = flow.freshPassword()
      expectStatus(await change(target, own, { current_password: user.password, password }), 204)
      expectError(await flow.me(target, other.access_token), 401, MISSING)
      expectEnded(await flow.refresh(target, other.refresh_token), 'password_changed')
      expectStatus(await flow.me(target, own.access_token), 200)
      expectStatus(await target.post(flow.LOGIN, { email: user.email, password: user.password }), 401)
      await flow.logIn(target, { ...user, password })
    },
  ),
  addition('with "end":"all" the session of the change ends, too; another value is 422', async (target) => {
    const user = await flow.signUp(target)
    const own = await flow.logIn(target, user)
    const body = { current_password: user.password, password: flow.freshPassword() }
    expectStatus(await change(target, own, { ...body, end: 'none' }), 422)
    expectStatus(await change(target, own, { ...body, end: 'all' }), 204)
    expectEnded(await flow.refresh(target, own.refresh_token), 'password_changed')
  }),
  addition(`without a valid access token, the calls of an account are 401 "${MISSING}"`, async (target) => {
    for (const [path, body] of WITH_BEARER) expectError(await target.post(path, body), 401, MISSING)
  }),
  addition('a code that is wrong, or no text, is 422 "invalid_code", whether or not one was mailed', async (target) => {
    const { access_token: bearer } = await flow.logIn(target, await flow.otherUser(target))
    for (const path of [`${EMAIL}/verify`, `${EMAIL}/confirm`])
      for (const code of ['AAAA-AAAA', 7])
        expectCode(await target.post(path, { code }, { bearer }), 422, 'invalid_code')
  }),
  addition('a link that was not mailed proves and undoes nothing: 422 with "token"', async (target) => {
    const { access_token: bearer } = await flow.logIn(target, await flow.otherUser(target))
    for (const path of ['verify', 'confirm', 'undo']) {
      expectField(await target.post(`${EMAIL}/${path}`, { token: foreignLink() }, { bearer }), 'token')
      expectField(await target.post(`${EMAIL}/${path}`, {}, { bearer }), 'token')
    }
  }),
  addition('a request for a proof is 202, and the address stays unproven until then', async (target) => {
    const session = await flow.logIn(target, await flow.otherUser(target))
    expectStatus(await target.post(`${EMAIL}/verification`, {}, { bearer: session.access_token }), 202)
    const answer = await flow.me(target, session.access_token)
    expect(answer, answer.body?.user?.email_verified_at === null, 'a user whose email_verified_at is null')
  }),
  addition(
    'another address is the same 202 whether or not it is taken, and the account keeps its own',
    async (target) => {
      const [user, taken] = [await flow.signUp(target), await flow.anyUser(target)]
      const { access_token: bearer } = await flow.logIn(target, user)
      const ask = (email: string) => target.post(`${EMAIL}/change`, { email }, { bearer })
      expectEqual(await ask(flow.freshEmail()), await ask(taken.email), 202)
      for (const email of ['', 'nonsense', user.email]) expectField(await ask(email), 'email')
      const wrong = { email: flow.freshEmail(), current_password: 'wrong' }
      expectField(await target.post(`${EMAIL}/change`, wrong, { bearer }), 'current_password')
      const answer = await flow.me(target, bearer)
      expect(answer, answer.body?.user?.email === user.email, `a user with the address ${user.email}`)
    },
  ),
  addition('"this was not me" is the same 202 for every token, and 422 without one', async (target) => {
    const disown = (token: unknown) => target.post(NOT_ME, { token })
    expectEqual(await disown(foreignLink()), await disown('x'), 202)
    expectField(await target.post(NOT_ME, {}), 'token')
    expectField(await disown(7), 'token')
  }),
  addition('a login by mail code is the same 202 for every address, or 404 while it is off', async (target) => {
    const begin = (email: string) => target.post(LOGIN_BY_MAIL, { email })
    const unknown = await begin(flow.freshEmail())
    if (unknown.status === 404) return expectError(unknown, 404, 'Not found')
    const known = await begin((await flow.anyUser(target)).email)
    for (const answer of [unknown, known]) {
      expectStatus(answer, 202)
      expect(answer, hasExactly(answer.body, ['message', 'login_token', 'expires_in']), 'a login_token and its life')
      const wrong = await target.post(VERIFY_LOGIN, { login_token: answer.body.login_token, code: 'AAAA-AAAA' })
      expectBody(wrong, 422, {
        error: { message: 'The code is wrong', details: { code: 'invalid_code', attempts_left: 4 } },
      })
    }
  }),
  addition('a code for a login that is not in progress is 422 "login_expired"', async (target) => {
    const login = { login_token: 'x'.repeat(43), code: 'AAAA-AAAA' }
    expectCode(await target.post(VERIFY_LOGIN, login), 422, 'login_expired')
    expectCode(await target.post(VERIFY_LOGIN, { ...login, code: 7 }), 422, 'invalid_code')
  }),
]
