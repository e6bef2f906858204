import { randomUUID } from 'node:crypto'
import { expect, expectError, expectHeader, expectInvalid, expectStatus, hasExactly } from '../expect.ts'
import * as flow from '../flows.ts'
import { type Promised, promisesOf, Skipped } from '../promise.ts'
import type { Answer, Target } from '../target.ts'

const { original, addition } = promisesOf('registration')
const TAKEN = 'has already been taken'
const BLANK = "can't be blank"
const USER_FIELDS = 'id guid email email_verified_at first_name last_name role created_at updated_at'.split(' ')
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Signs up and logs in a user who will be deleted. */
async function userToDelete(target: Target) {
  const user = await flow.signUp(target)
  return { user, session: await flow.logIn(target, user) }
}

function remove(target: Target, id: unknown, bearer?: string): Promise<Answer> {
  return target.delete(`/api/v1/users/${id}`, { bearer })
}

async function askWith(target: Target, changes: Record<string, unknown>): Promise<Answer> {
  return flow.askToSignUp(target, { email: flow.freshEmail(), password: flow.freshPassword(), ...changes })
}

function expectSomethingWrong(answer: Answer, field: string): void {
  const isKept = answer.body?.message === 'Something went wrong' && answer.body.errors?.[field]?.length > 0
  expect(answer, answer.status === 422 && isKept, `422 "Something went wrong" with errors.${field}`)
}

export const registration: readonly Promised[] = [
  original('a sign-up with e-mail and password is 200 "You have successfully registered"', async (target) => {
    const { answer } = await flow.anyUser(target)
    expect(answer, answer.body?.message === 'You have successfully registered', 'that message')
  }),
  original('an address that is taken is 422 "Something went wrong" with errors.email', async (target) => {
    const { email } = await flow.anyUser(target)
    expectSomethingWrong(await askWith(target, { email }), 'email')
  }),
  original(
    'a sign-up without e-mail or password is 422 "Something went wrong" with errors of that field',
    async (target) => {
      expectSomethingWrong(await askWith(target, { email: undefined }), 'email')
      expectSomethingWrong(await askWith(target, { password: undefined }), 'password')
    },
  ),
  original('DELETE /api/v1/users/:id is 204 without a body', async (target) => {
    const user = await flow.signUp(target)
    // The original registration has no login and no guard; a server that has a login may require its token.
    const login = await target.post(flow.LOGIN, { email: user.email, password: user.password })
    const id = user.id ?? login.body?.user?.id
    if (id === undefined) throw new Skipped('neither sign-up nor login returns an id')
    const answer = await remove(target, id, login.body?.access_token)
    expect(answer, answer.status === 204 && answer.text === '', '204 without a body')
  }),

  addition(`the user of a sign-up has exactly ${USER_FIELDS.join(', ')}`, async (target) => {
    const { answer } = await flow.anyUser(target)
    const isKept = hasExactly(answer.body, ['message', 'user']) && hasExactly(answer.body.user, USER_FIELDS)
    expect(answer, isKept, 'a message and a user of these fields')
  }),
  addition('a new user has an integer as id, a UUID as guid, and the role "user"', async (target) => {
    const { answer } = await flow.anyUser(target)
    const { id, guid, role } = answer.body?.user ?? {}
    expect(answer, Number.isSafeInteger(id) && UUID.test(guid) && role === 'user', 'such a user')
  }),
  addition('first_name and last_name are stored if sent, and null if not', async (target) => {
    const names = { first_name: 'Zoë', last_name: "O'Neil" }
    const { answer } = await flow.signUp(target, names)
    const { first_name, last_name } = answer.body?.user ?? {}
    expect(answer, first_name === names.first_name && last_name === names.last_name, 'the names that were sent')
    const { answer: nameless } = await flow.anyUser(target)
    const { user } = nameless.body ?? {}
    expect(nameless, user?.first_name === null && user?.last_name === null, 'null for both names')
  }),
  addition(`a taken address and an empty password are reported together: "${TAKEN}", "${BLANK}"`, async (target) => {
    const { email } = await flow.anyUser(target)
    expectInvalid(await flow.askToSignUp(target, { email, password: '' }), { email: [TAKEN], password: [BLANK] })
  }),
  addition(`without fields, or without user, both are "${BLANK}"; so is an address of spaces`, async (target) => {
    const errors = { email: [BLANK], password: [BLANK] }
    expectInvalid(await flow.askToSignUp(target, {}), errors)
    expectInvalid(await target.post(flow.SIGN_UP, {}), errors)
    expectInvalid(await askWith(target, { email: '   ' }), { email: [BLANK] })
  }),
  addition('a value that is not a string is 422 and never converted', async (target) => {
    expectInvalid(await askWith(target, { email: [flow.freshEmail()] }), { email: 'any words' })
    expectInvalid(await askWith(target, { password: 1234567890 }), { password: 'any words' })
  }),
  addition('an invalid address and a password of 7 characters are "is invalid" and "is too short"', async (target) => {
    const answer = await flow.askToSignUp(target, { email: 'no address', password: 'aB3$xY7' })
    const errors = { email: ['is invalid'], password: ['is too short (minimum is 8 characters)'] }
    expectInvalid(answer, errors)
  }),
  addition('a local part that is not ASCII is refused', async (target) => {
    expectInvalid(await askWith(target, { email: `é${flow.freshEmail()}` }), { email: 'any words' })
  }),
  addition('a password of 72 bytes is accepted, one of 73 "is too long (maximum is 72 bytes)"', async (target) => {
    const password = `${randomUUID()}${randomUUID()}`
    const answer = await askWith(target, { password: `${password}x` })
    if (answer.status === 200) throw new Skipped('it accepts 73 bytes: it does not store passwords as bcrypt')
    expectInvalid(answer, { password: ['is too long (maximum is 72 bytes)'] })
    await flow.logIn(target, await flow.signUp(target, { password }))
  }),
  addition('a password with NUL or a lone surrogate is refused', async (target) => {
    for (const odd of ['\0', '\ud800']) {
      expectInvalid(await askWith(target, { password: `${flow.freshPassword()}${odd}` }), { password: 'any words' })
    }
  }),
  addition('a password may contain spaces, other scripts and emoji, and logs in', async (target) => {
    const password = ` пароль ${randomUUID().slice(0, 8)} 👩‍👩‍👧 `
    await flow.logIn(target, await flow.signUp(target, { password }))
  }),
  addition('role, id, guid and dates in a sign-up are ignored', async (target) => {
    const claims = { role: 'admin', id: 1, guid: randomUUID(), created_at: '2000-01-01T00:00:00.000Z' }
    const user = { email: flow.freshEmail(), password: flow.freshPassword(), ...claims }
    const answer = await target.post(flow.SIGN_UP, { user, ...claims })
    expectStatus(answer, 200)
    const made = answer.body.user ?? {}
    const isKept = Object.entries(claims).every(([name, value]) => made[name] !== value)
    expect(answer, isKept && made.role === 'user', 'role "user", and a new id, guid and date')
  }),
  addition('an address is trimmed and stored in lower case; in another case it is taken', async (target) => {
    const email = flow.freshEmail()
    const { answer } = await flow.signUp(target, { email: `  ${email.toUpperCase()} ` })
    expect(answer, answer.body?.user?.email === email, 'the address trimmed and in lower case')
    expectInvalid(await askWith(target, { email: email.replace('example', 'Example') }), { email: [TAKEN] })
  }),
  addition('a domain is stored in ASCII (IDNA); composed or decomposed, it is the same mailbox', async (target) => {
    const name = `conformance-${randomUUID()}`
    const { answer } = await flow.signUp(target, { email: `${name}@ex\u00e4mple.com` })
    expect(answer, answer.body?.user?.email === `${name}@xn--exmple-cua.com`, 'the domain xn--exmple-cua.com')
    expectInvalid(await askWith(target, { email: `${name}@exa\u0308mple.com` }), { email: [TAKEN] })
  }),
  addition('of three sign-ups of one address at once, exactly one is 200', async (target) => {
    const user = { email: flow.freshEmail(), password: flow.freshPassword() }
    const answers = await Promise.all([1, 2, 3].map(() => flow.askToSignUp(target, user)))
    const refused = answers.filter((answer) => answer.status !== 200)
    for (const answer of refused) expectSomethingWrong(answer, 'email')
    expect(answers[0] as Answer, refused.length === 2, `one 200 of three, not ${3 - refused.length}`)
  }),
  addition('a sign-up with broken JSON is 400, with another content type 415, with 32 KB 413', async (target) => {
    expectError(await target.post(flow.SIGN_UP, '{"user":'), 400)
    expectError(await target.post(flow.SIGN_UP, '{}', { headers: { 'content-type': 'text/plain' } }), 415)
    expectError(await target.post(flow.SIGN_UP, { user: { email: 'x'.repeat(32_768), password: 'x' } }), 413)
  }),
  addition('other methods are 405 with Allow', async (target) => {
    const collection = await target.get(flow.SIGN_UP)
    expectError(collection, 405)
    expectHeader(collection, 'allow', /\bPOST\b/)
    const member = await target.get('/api/v1/users/1')
    expectError(member, 405)
    expectHeader(member, 'allow', /\bDELETE\b/)
  }),

  addition('a deletion without a token, or with an invalid one, is 401 "Missing or invalid token"', async (target) => {
    const id = await flow.idOf(target, await flow.otherUser(target))
    for (const bearer of [undefined, 'nonsense']) {
      const answer = await remove(target, id, bearer)
      expectError(answer, 401, 'Missing or invalid token')
      expectHeader(answer, 'www-authenticate', /^Bearer\b/)
    }
    await flow.logIn(target, await flow.otherUser(target))
  }),
  addition("another user's id or guid is the same 404 as an unknown one, and no user is deleted", async (target) => {
    const { access_token } = await flow.anySession(target)
    const victim = await flow.otherUser(target)
    const unknown = await remove(target, 999_999_999, access_token)
    expectError(unknown, 404)
    for (const id of [await flow.idOf(target, victim), victim.guid ?? 'x', randomUUID(), '0', 'x']) {
      const answer = await remove(target, id, access_token)
      expect(answer, answer.status === 404 && answer.text === unknown.text, `404 ${unknown.text}`)
    }
    await flow.logIn(target, victim)
  }),
  addition('users can delete themselves by their guid too', async (target) => {
    const { user, session } = await userToDelete(target)
    if (user.guid === undefined) throw new Skipped('sign-up returns no guid')
    expectStatus(await remove(target, user.guid, session.access_token), 204)
  }),
  addition('after a deletion, login, /me, refresh and another deletion are 401', async (target) => {
    const { user, session } = await userToDelete(target)
    const { email, password } = user
    const id = await flow.idOf(target, user, session)
    expectStatus(await remove(target, id, session.access_token), 204)
    expectError(await target.post(flow.LOGIN, { email, password }), 401, 'Invalid email or password')
    expectError(await flow.me(target, session.access_token), 401, 'Missing or invalid token')
    expectError(await flow.refresh(target, session.refresh_token), 401, 'Invalid refresh token')
    expectError(await remove(target, id, session.access_token), 401, 'Missing or invalid token')
  }),
]
