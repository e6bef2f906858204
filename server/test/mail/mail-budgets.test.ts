import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { linkOf, readMail, readMails } from '../support/mailbox.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { PASSWORD, signUp } from '../support/users.ts'

const FORGOT = '/api/v1/users/password/forgot'
const behindProxy = { RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' }

const from = (ip: string) => ({ headers: { 'x-forwarded-for': ip } })

async function logInFrom(server: TestServer, email: string, ip: string) {
  const answer = await server.post('/api/v1/auth/login', { email, password: PASSWORD }, from(ip))
  assert.equal(answer.status, 200)
  return answer.body
}

async function countResets(server: TestServer, email: string): Promise<number> {
  return (await readMails(server, email)).filter(({ kind }) => kind === 'reset_password').length
}

test('strangers get three mails an hour to a mailbox, its owner three more from a network or a device they know', async () => {
  const server = await startServer(behindProxy)
  const { email } = await signUp(server)
  const { device_token } = await logInFrom(server, email, '198.51.100.1')
  for (let n = 0; n < 20; n++) await server.post(FORGOT, { email }, from(`203.0.113.${n}`))
  assert.equal(await countResets(server, email), 3)
  await server.post(FORGOT, { email }, from('198.51.100.1'))
  await server.post(FORGOT, { email, device_token }, from('192.0.2.1'))
  assert.equal(await countResets(server, email), 5)
  for (let n = 0; n < 5; n++) await server.post(FORGOT, { email }, from('198.51.100.1'))
  assert.equal(await countResets(server, email), 6)
  server.advanceClock({ seconds: 3601 })
  await server.post(FORGOT, { email }, from('203.0.113.1'))
  assert.equal(await countResets(server, email), 7)
})

test('no request for mails silences the notice of a changed password', async () => {
  const server = await startServer(behindProxy)
  const { email } = await signUp(server)
  const { access_token: bearer } = await logInFrom(server, email, '198.51.100.1')
  for (let n = 0; n < 12; n++) await server.post(FORGOT, { email }, from('198.51.100.1'))
  await server.deliverMails()
  const change = { current_password: PASSWORD, password: 'the password of a thief' }
  assert.equal((await server.post('/api/v1/users/password', change, { bearer })).status, 204)
  assert.ok(linkOf(await readMail(server, email, 'password_changed')))
})

test('addresses with a tag are one mailbox, and a network writes to ten strangers an hour', async () => {
  const server = await startServer(behindProxy)
  const name = randomUUID()
  const tagged = []
  for (let n = 0; n < 5; n++) tagged.push((await signUp(server, `${name}+${n}@example.com`)).email)
  for (const email of tagged) await server.post(FORGOT, { email }, from('203.0.113.1'))
  const counts = []
  for (const email of tagged) counts.push(await countResets(server, email))
  assert.deepEqual(counts, [1, 1, 1, 0, 0])

  const others = []
  for (let n = 0; n < 12; n++) others.push((await signUp(server)).email)
  for (const email of others) await server.post(FORGOT, { email }, from('203.0.113.2'))
  let reached = 0
  for (const email of others) reached += await countResets(server, email)
  assert.equal(reached, 10)
  await server.post(FORGOT, { email: others.at(-1) }, from('203.0.113.3'))
  assert.equal(await countResets(server, others.at(-1) ?? ''), 1)
})

test('a network that asks for more than sixty mails an hour gets the same answers, and no row is written', async () => {
  const server = await startServer(behindProxy)
  const answers = new Set<string>()
  for (let n = 0; n < 65; n++) {
    const answer = await server.post(FORGOT, { email: `${n}@example.com` }, from('203.0.113.1'))
    answers.add(`${answer.status} ${answer.text}`)
  }
  assert.equal(answers.size, 1)
  const { email } = await signUp(server)
  await server.post(FORGOT, { email }, from('203.0.113.1'))
  assert.equal(await countResets(server, email), 0)
})

test('RATE_LIMIT=off counts no mails that are asked for', async () => {
  const server = await startServer()
  const { email } = await signUp(server)
  for (let n = 0; n < 12; n++) await server.post(FORGOT, { email })
  assert.equal(await countResets(server, email), 12)
})
