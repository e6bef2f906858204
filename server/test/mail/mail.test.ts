import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { type MailServer, startMailServer } from '../../../harness/mail-server.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openDatabase } from '../support/test-database.ts'
import { logInNewUser, moveNetwork, PASSWORD, refresh, signUp } from '../support/users.ts'

const SETTINGS = {
  MAIL_FROM: 'Acme <no-reply@acme.example>',
  PUBLIC_URL: 'https://id.acme.example',
  APP_URL: 'https://app.acme.example',
  TRUSTED_PROXIES: '127.0.0.1',
}

async function startServerWithMail(): Promise<{ server: TestServer; mailServer: MailServer }> {
  const mailServer = await startMailServer()
  return { mailServer, server: await startServer({ ...SETTINGS, SMTP_URL: mailServer.url }) }
}

async function outboxRows(server: TestServer) {
  return server.rows<{
    id: number
    attempts: number
    sent_at: Date | null
    failed_at: Date | null
    last_error: string
  }>(sql`select id, attempts, sent_at, failed_at, last_error from outbox order by id`)
}

/** Advances the server's clock minute by minute and delivers the mails that are due. */
async function advanceAndDeliver(server: TestServer, { minutes }: { minutes: number }): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    server.advanceClock({ seconds: 60 })
    await server.deliverMails()
  }
}

test('the user of a moved pair gets a mail with both addresses, time and device, as text and HTML', async () => {
  const { server, mailServer } = await startServerWithMail()
  const user = await signUp(server)
  await moveNetwork(server, user)
  await server.deliverMails()
  const [mail, ...more] = mailServer.inbox
  assert.ok(mail)
  assert.equal(more.length, 0)
  assert.deepEqual(mail.recipients, [user.email])
  assert.deepEqual(mail.from, { name: 'Acme', address: 'no-reply@acme.example' })
  assert.equal(mail.subject, 'New network address in your session at Acme')
  for (const body of [mail.text ?? '', mail.html ?? '']) {
    for (const fact of ['127.0.0.1', '198.51.100.7', 'Chrome, Windows', 'UTC', user.email, SETTINGS.APP_URL]) {
      assert.ok(body.includes(fact), `${fact} in ${body}`)
    }
  }
  assert.match(mail.raw, /^Auto-Submitted: auto-generated\r$/m)
  assert.match(mail.messageId ?? '', /^<[\w-]{32}@acme\.example>$/)
  await server.deliverMails()
  assert.equal(mailServer.inbox.length, 1, 'once')
})

test('reuse is mailed in the language of the user, with the harmless causes and what to do', async () => {
  const { server, mailServer } = await startServerWithMail()
  for (const language of ['en', 'ru']) {
    const user = { email: `${language}@example.com`, password: PASSWORD, first_name: 'Анна' }
    const headers = { 'accept-language': language }
    await server.post('/api/v1/users/sign_up', { user }, { headers })
    const login = (await server.post('/api/v1/auth/login', { email: user.email, password: PASSWORD })).body
    const second = (await refresh(server, login.refresh_token)).body
    await refresh(server, second.refresh_token)
    server.advanceClock({ seconds: 60 })
    assert.equal((await refresh(server, second.refresh_token)).status, 401)
    await server.deliverMails()
  }
  const [english, russian] = mailServer.inbox
  assert.equal(english?.subject, 'Your session at Acme was ended')
  assert.match(english?.text ?? '', /^Hello,\n.*old browser tab.*restored from a backup.*Sign in again/s)
  assert.equal(russian?.subject, 'Ваш сеанс завершён: Acme')
  assert.match(russian?.text ?? '', /^Здравствуйте!\n.*старая вкладка.*резервной копии.*Войдите снова/s)
  assert.match(russian?.html ?? '', /<html lang="ru">/)
})

test('a mail contains no word that a client chose: no name, and of a user agent only known names', async () => {
  const { server, mailServer } = await startServerWithMail()
  const hostile = 'Your account is closed! Call +1 800 555 0199 <img src=x> {{7*8191}} http://evil.example Chrome/120.0'
  for (const first_name of ['<b>URGENT</b>', 'URGENT call us', 'http://evil.example']) {
    const body = { user: { email: `p${mailServer.inbox.length}@example.com`, password: PASSWORD, first_name } }
    const { user } = (await server.post('/api/v1/users/sign_up', body)).body
    await moveNetwork(server, user, hostile)
    // These characters cannot arrive in an HTTP header, but could be stored by other means.
    const userAgent = JSON.stringify(`${hostile}\r\nBcc: victim@example.com\r\n\r\n\u202Eevil\u001b[2J`)
    await server.rows(
      sql`update outbox set data = replace(cast(data as text), ${JSON.stringify(hostile)}, ${userAgent})${server.ctx.db.dialect === 'postgres' ? sql`::jsonb` : sql``}`,
    )
    await server.deliverMails()
  }
  assert.equal(mailServer.inbox.length, 3)
  for (const mail of mailServer.inbox) {
    assert.equal(mail.recipients.length, 1)
    assert.doesNotMatch(mail.raw, /^Bcc/im)
    for (const text of [mail.subject ?? '', mail.text ?? '', mail.html ?? '']) {
      assert.doesNotMatch(text, /URGENT|closed|0199|evil|<img|<b>|7\*8191|57337|\u202E|[^\P{Cc}\n]/u)
    }
    assert.match(mail.text ?? '', /^Hello,$/m)
    assert.match(mail.text ?? '', /Chrome/)
  }
})

test('a mailbox gets three mails an hour of a kind, whichever account has its address', async () => {
  const server = await startServer({ REFRESH_TOKEN_ROTATION: 'strict', REFRESH_REPLAY_WINDOW: '0' })
  const reuseAndLeave = async (email: string) => {
    const user = await signUp(server, email)
    const login = async () => (await server.post('/api/v1/auth/login', { email, password: PASSWORD })).body
    const { refresh_token } = await login()
    await refresh(server, refresh_token)
    assert.equal((await refresh(server, refresh_token)).status, 401)
    const mails = (await outboxRows(server)).length
    const { access_token } = await login()
    assert.equal((await server.delete(`/api/v1/users/${user.id}`, { bearer: access_token })).status, 204)
    return mails
  }
  const mails: number[] = []
  for (let round = 0; round < 5; round++) mails.push(await reuseAndLeave(`victim+${round}@example.org`))
  for (let round = 0; round < 5; round++) mails.push(await reuseAndLeave('victim@example.org'))
  assert.deepEqual(mails, [1, 1, 1, 0, 0, 1, 1, 1, 0, 0], 'tagged addresses use up none of the plain one')
  assert.equal(await reuseAndLeave('other@example.org'), 1)
  server.advanceClock({ seconds: 3601 })
  assert.equal(await reuseAndLeave('victim@example.org'), 1)
})

test('when the mail server is down for ten minutes, requests are unaffected and each mail arrives once afterwards', async () => {
  const { server, mailServer } = await startServerWithMail()
  await mailServer.close()
  const users = []
  for (let count = 0; count < 7; count++) users.push(await signUp(server))
  for (const user of users) await moveNetwork(server, user)
  await advanceAndDeliver(server, { minutes: 10 })
  assert.ok((await outboxRows(server)).every(({ sent_at, failed_at }) => sent_at === null && failed_at === null))
  const revived = await startMailServer({ port: mailServer.port })
  await advanceAndDeliver(server, { minutes: 6 })
  assert.deepEqual(revived.inbox.map((mail) => mail.recipients[0]).sort(), users.map(({ email }) => email).sort())
})

test('a permanently refused mail is given up after three attempts, and other mails are delivered', async () => {
  const { server, mailServer } = await startServerWithMail()
  mailServer.refuse = () => 550
  await moveNetwork(server, await signUp(server))
  await advanceAndDeliver(server, { minutes: 3 })
  mailServer.refuse = () => null
  const other = await signUp(server)
  await moveNetwork(server, other)
  await advanceAndDeliver(server, { minutes: 10 })
  const [refused, sent] = await outboxRows(server)
  assert.equal(refused?.attempts, 3)
  assert.ok(refused?.failed_at)
  assert.match(refused?.last_error ?? '', /550.*no such mailbox/)
  assert.ok(sent?.sent_at)
  assert.deepEqual(
    mailServer.inbox.flatMap((mail) => mail.recipients),
    [other.email],
  )
})

test('a temporarily refused mail is retried for four days and then given up', async () => {
  const { server, mailServer } = await startServerWithMail()
  mailServer.refuse = () => 451
  await moveNetwork(server, await signUp(server))
  await advanceAndDeliver(server, { minutes: 20 })
  const [row] = await outboxRows(server)
  assert.equal(row?.failed_at, null)
  assert.ok((row?.attempts ?? 0) > 7 && (row?.attempts ?? 0) < 15, `${row?.attempts} attempts in twenty minutes`)
  mailServer.refuse = () => null
  server.advanceClock({ seconds: 4 * 86_400 })
  await server.deliverMails()
  assert.equal(mailServer.inbox.length, 0)
  const [given] = await outboxRows(server)
  assert.match(given?.last_error ?? '', /four days/)
  assert.ok(given?.failed_at)
})

test('refused mails do not delay other mails; an unreachable server is tried with a few mails, not with the whole outbox', async () => {
  const { server, mailServer } = await startServerWithMail()
  const lucky = await signUp(server)
  mailServer.refuse = (address) => (address === lucky.email ? null : 550)
  for (let count = 0; count < 12; count++) await moveNetwork(server, await signUp(server))
  await moveNetwork(server, lucky)
  await server.deliverMails()
  assert.deepEqual(
    mailServer.inbox.flatMap((mail) => mail.recipients),
    [lucky.email],
  )

  await mailServer.close()
  for (let count = 0; count < 12; count++) await moveNetwork(server, await signUp(server))
  // Makes the mails due as if no delivery round had run in the meantime.
  const due = server.ctx.now()
  await server.rows(
    sql`update outbox set attempts = 0, next_attempt_at = ${due}, leased_until = null where id > 13 returning id`,
  )
  await server.deliverMails()
  const tried = (await outboxRows(server)).slice(13).filter(({ attempts }) => attempts > 0)
  assert.equal(tried.length, 5)
})

test('a mail of a deleted user and a mail with damaged data do not keep others from being sent', async () => {
  const { server, mailServer } = await startServerWithMail()
  const users = [await signUp(server), await signUp(server), await signUp(server)]
  for (const user of users) await moveNetwork(server, user)
  const damaged = server.ctx.db.dialect === 'postgres' ? sql`'{"at":"never"}'::jsonb` : sql`'{"at":"never"}'`
  await server.rows(sql`update outbox set data = ${damaged} where user_id = ${users[0]?.id} returning id`)
  await server.rows(sql`delete from users where id = ${users[1]?.id} returning id`)
  await advanceAndDeliver(server, { minutes: 3 })
  assert.deepEqual(
    mailServer.inbox.flatMap((mail) => mail.recipients),
    [users[2]?.email],
  )
  const [row] = await outboxRows(server)
  assert.equal(row?.attempts, 3)
  assert.ok(row?.failed_at)
  assert.match(row?.last_error ?? '', /^RangeError/)
})

test('however often tokens of a user are reused, at most three mails an hour are written, and each reuse is audited', async () => {
  const server = await startServer({
    REFRESH_TOKEN_ROTATION: 'strict',
    REFRESH_REPLAY_WINDOW: '0',
    LOGIN_ALERTS: 'off',
  })
  const user = await signUp(server)
  const reuse = async () => {
    const { refresh_token } = (await server.post('/api/v1/auth/login', { email: user.email, password: PASSWORD })).body
    await refresh(server, refresh_token)
    assert.equal((await refresh(server, refresh_token)).status, 401)
  }
  await Promise.all(Array.from({ length: 6 }, reuse))
  assert.equal((await outboxRows(server)).length, 3)
  server.advanceClock({ seconds: 3601 })
  await reuse()
  assert.equal((await outboxRows(server)).length, 4)
  const audited = await server.rows(sql`select id from audit_events where kind = ${'refresh_token_reused'}`)
  assert.equal(audited.length, 7)
})

test('replicas share the outbox and send each mail once', async () => {
  const mailServer = await startMailServer()
  const first = await startServer({ ...SETTINGS, SMTP_URL: mailServer.url })
  const second = await startServer({ ...SETTINGS, SMTP_URL: mailServer.url, DATABASE_URL: first.databaseUrl })
  for (let count = 0; count < 12; count++) await moveNetwork(first, await signUp(first))
  await Promise.all([first.deliverMails(), second.deliverMails(), first.deliverMails(), second.deliverMails()])
  await first.deliverMails()
  assert.equal(mailServer.inbox.length, 12)
  assert.equal(new Set(mailServer.inbox.map((mail) => mail.messageId)).size, 12)
})

test('a refresh never waits for mail, even while the mail server hangs', async () => {
  const { server, mailServer } = await startServerWithMail()
  let release = () => {}
  const hanging = new Promise<void>((resolve) => {
    release = resolve
  })
  const arrived = new Promise<void>((resolve) => {
    mailServer.onMail = () => {
      resolve()
      return hanging
    }
  })
  await moveNetwork(server, await signUp(server))
  const delivering = server.deliverMails()
  await arrived
  const { refresh_token } = await logInNewUser(server)
  assert.equal((await refresh(server, refresh_token)).status, 200)
  assert.equal(mailServer.inbox.length, 0, 'the mail still hangs')
  const closing = server.close()
  setTimeout(release, 300) // a stop that does not wait would have ended by then
  await Promise.all([delivering, closing])
  assert.equal(mailServer.inbox.length, 1, 'a stop waits until the mail in progress has arrived')
  const database = await openDatabase(server.databaseUrl)
  const [row] = await database.query<{ sent_at: Date | null }>(sql`select sent_at from outbox`)
  assert.ok(row?.sent_at, 'and is marked as sent')
})

test('without a mail server, a waiting mail is logged once with the place to read it', async () => {
  const server = await startServer({ TRUSTED_PROXIES: '127.0.0.1' })
  await server.deliverMails()
  await moveNetwork(server, await signUp(server))
  await server.deliverMails()
  await server.deliverMails()
  const [{ id } = { id: 0 }] = await outboxRows(server)
  const lines = server.logs.filter((line) => line['msg'] === 'a mail is waiting: SMTP_URL is not set')
  assert.deepEqual(
    lines.map(({ mailId, kind, read }) => ({ mailId, kind, read })),
    [{ mailId: id, kind: 'address_changed', read: `/dev/mail/${id}` }],
  )
})
