import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { startServer } from '../support/server.ts'
import { signUp } from '../support/users.ts'

const ORIGIN = 'https://app.example'
const server = await startServer({ EMAIL_LOGIN: 'on', CORS_ORIGINS: ORIGIN })
const BEGIN = '/api/v1/auth/login/email'
const VERIFY = '/api/v1/auth/login/verify'
const unknown = () => `${randomUUID()}@example.com`

/** Answers of one conversation, without what is drawn for it. */
async function compare(conversation: (email: string) => Promise<string[]>): Promise<void> {
  const { email } = await signUp(server)
  const [known, other] = [await conversation(email), await conversation(unknown())]
  assert.deepEqual(known, other)
}

const text = ({ status, text }: { status: number; text: string }) => `${status} ${text}`

test('a login in progress ends after fifteen minutes, whether or not its address has an account', async () => {
  await compare(async (email) => {
    const { login_token } = (await server.post(BEGIN, { email })).body
    await server.deliverMails()
    const answers = []
    for (const seconds of [0, 600, 301, 86_000]) {
      server.advanceClock({ seconds })
      answers.push(text(await server.post(VERIFY, { login_token, code: 'AAAA-AAAA' })))
    }
    assert.match(answers[1] ?? '', /"attempts_left":3/)
    assert.match(answers[2] ?? '', /login_expired/)
    return answers
  })
})

test('a login that began with a cookie is judged by its origin, whether or not its address has an account', async () => {
  await compare(async (email) => {
    const begun = await server.post(BEGIN, { email, cookie: true }, { headers: { origin: ORIGIN } })
    const { login_token } = begun.body
    await server.deliverMails()
    const verify = (origin: string) => server.post(VERIFY, { login_token, code: 'AAAA-AAAA' }, { headers: { origin } })
    const answers = [text(await verify('https://evil.example')), text(await verify(ORIGIN))]
    assert.match(answers[0] ?? '', /^403 /)
    assert.match(answers[1] ?? '', /"attempts_left":4/)
    return answers
  })
})
