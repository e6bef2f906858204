import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql, { join } from 'sql-template-tag'
import { prepareMails } from '../../src/auth/requested-mail/prepare-mails.ts'
import { linkOf, readMails } from '../support/mailbox.ts'
import { startServer } from '../support/server.ts'
import { signUp } from '../support/users.ts'

const FORGOT = '/api/v1/users/password/forgot'
const RESET = '/api/v1/users/password/reset'

test('two replicas that prepare the same mails write each once, count it once, and leave its link good', async () => {
  const server = await startServer({ RATE_LIMIT: 'on' })
  const replica = await startServer({ RATE_LIMIT: 'on', DATABASE_URL: server.databaseUrl })
  const users = []
  for (let n = 0; n < 3; n++) users.push(await signUp(server))
  for (let round = 0; round < 3; round++) {
    for (const { email } of users) assert.equal((await server.post(FORGOT, { email })).status, 202)
    await Promise.all([server, replica, server, replica].map(({ ctx }) => prepareMails(ctx)))
  }
  for (const { email } of users) {
    const mails = (await readMails(server, email)).filter(({ kind }) => kind === 'reset_password')
    assert.equal(mails.length, 3)
    const [token, ...others] = new Set(mails.map(linkOf))
    assert.deepEqual(others, [])
    assert.equal((await server.post(RESET, { token, password: 'a quite different one' })).status, 204)
  }
  const [counted] = await server.rows<{ n: number }>(
    sql`select count(*) as n from written_mails where kind = ${'requested'} or kind = ${'requested_by_known'}`,
  )
  assert.equal(counted?.n, 9)
})

test('the server mails strangers 3,600 times an hour at most, and logs that once', async () => {
  const server = await startServer({ RATE_LIMIT: 'on' })
  const now = server.ctx.now()
  const values = Array.from({ length: 3599 }, (_, n) => sql`(${`mailbox ${n}`}, ${'requested'}, ${now})`)
  for (let from = 0; from < values.length; from += 500)
    await server.rows(sql`
      insert into written_mails (mailbox_digest, kind, created_at) values ${join(values.slice(from, from + 500))}
      returning id`)
  const users = [await signUp(server), await signUp(server), await signUp(server)]
  for (const { email } of users) await server.post(FORGOT, { email })
  const mails = []
  for (const { email } of users) mails.push((await readMails(server, email)).length)
  assert.deepEqual(mails, [1, 0, 0])
  const lines = server.logs.filter(({ msg }) => /too many mails/.test(String(msg)))
  assert.equal(lines.length, 1)
})

test('a request that cannot be prepared is given up with a line in the log, and keeps no other from its mail', async () => {
  const server = await startServer()
  const [broken, sound] = [await signUp(server), await signUp(server)]
  await server.post(FORGOT, { email: broken.email })
  await server.rows(sql`update one_time_tokens set data = ${'null'} where prepared_at is null returning id`)
  await server.post(FORGOT, { email: sound.email })
  assert.ok((await readMails(server, sound.email)).some(({ kind }) => kind === 'reset_password'))
  assert.equal((await readMails(server, broken.email)).length, 0)
  assert.equal(server.logs.filter(({ msg }) => msg === 'a mail could not be prepared').length, 1)
})
