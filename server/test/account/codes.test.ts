import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { codeOf, readMail } from '../support/mailbox.ts'
import { startServer } from '../support/server.ts'
import { logInNewUser, signUp, type Tokens } from '../support/users.ts'

const server = await startServer()
const EMAIL = '/api/v1/users/email'
const newAddress = () => `${randomUUID()}@example.com`

const change = (email: string, { access_token: bearer }: Tokens, on = server) =>
  on.post(`${EMAIL}/change`, { email }, { bearer })
const confirm = (code: string, { access_token: bearer }: Tokens) =>
  server.post(`${EMAIL}/confirm`, { code }, { bearer })

test('a code stays good when more mails are asked for than are sent', async () => {
  const limited = await startServer({ RATE_LIMIT: 'on' })
  const { access_token: bearer, user } = await logInNewUser(limited)
  for (let n = 0; n < 5; n++) {
    assert.equal((await limited.post(`${EMAIL}/verification`, {}, { bearer })).status, 202)
    await limited.deliverMails()
  }
  const code = codeOf(await readMail(limited, user.email, 'verify_email'))
  assert.equal((await limited.post(`${EMAIL}/verify`, { code }, { bearer })).status, 200)
})

test('the code of a change stays good when another address is asked for, and when the first is asked for again', async () => {
  const login = await logInNewUser(server)
  const [first, second] = [newAddress(), newAddress()]
  for (const email of [first, second, first]) {
    await change(email, login)
    await server.deliverMails()
  }
  const answer = await confirm(codeOf(await readMail(server, first, 'confirm_email')), login)
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.user.email, first)
})

test('the attempts at a change tell nothing of whether its address has an account', async () => {
  const login = await logInNewUser(server)
  const talk = async (email: string) => {
    const answers = []
    for (let round = 0; round < 3; round++) {
      answers.push((await change(email, login)).text)
      await server.deliverMails()
      for (let n = 0; n < 2; n++) answers.push((await confirm('AAAA-AAAA', login)).text)
    }
    return answers
  }
  const taken = await talk((await signUp(server)).email)
  assert.deepEqual(await talk(newAddress()), taken)
  assert.match(taken.at(-1) ?? '', /"attempts_left":0/)
})
