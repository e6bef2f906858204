import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { after, test } from 'node:test'
import sql from 'sql-template-tag'
import { startMailServer } from '../../../harness/mail-server.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { type ServerProcess, startProcess } from '../support/server-process.ts'
import { emptyDatabaseUrl, openDatabase } from '../support/test-database.ts'
import { JOHN } from '../support/users.ts'

const CANARY = 'canary-of-the-mail-server'
const MAIL_FROM = 'no-reply@acme.example'

async function warnJohn(server: ServerProcess): Promise<void> {
  const pair = (await server.post('/auth/token', { auth: { user_guid: JOHN } })).body
  const answer = await server.post('/auth/refresh', { auth: pair }, { 'x-forwarded-for': '198.51.100.7' })
  assert.equal(answer.status, 200, answer.text)
}

async function moveJohn(server: TestServer): Promise<void> {
  const pair = (await server.post('/auth/token', { auth: { user_guid: JOHN } })).body
  const headers = { 'x-forwarded-for': '198.51.100.7' }
  assert.equal((await server.post('/auth/refresh', { auth: pair }, { headers })).status, 200)
}

test('a mail whose server was killed between commit and sending is sent by the next start', async () => {
  const environment = { DATABASE_URL: await emptyDatabaseUrl(), TRUSTED_PROXIES: '127.0.0.1', MAIL_FROM }
  const dead = await startProcess({ environment: { ...environment, SMTP_URL: 'smtp://127.0.0.1:9' } })
  await warnJohn(dead)
  await dead.end('SIGKILL')
  const mailServer = await startMailServer()
  const arrived = new Promise<void>((resolve) => {
    mailServer.onMail = async () => resolve()
  })
  await startProcess({ environment: { ...environment, SMTP_URL: mailServer.url } })
  await arrived
})

test('a mail whose server was killed between sending and marking is sent once more, with the same Message-ID', async () => {
  const environment = { DATABASE_URL: await emptyDatabaseUrl(), TRUSTED_PROXIES: '127.0.0.1', MAIL_FROM }
  const mailServer = await startMailServer()
  const first = await startProcess({ environment: { ...environment, SMTP_URL: mailServer.url } })
  const killed = new Promise<void>((resolve) => {
    mailServer.onMail = async () => {
      await first.end('SIGKILL')
      resolve()
    }
  })
  await warnJohn(first)
  await killed
  const again = new Promise<void>((resolve) => {
    mailServer.onMail = async () => {
      setImmediate(resolve)
    }
  })
  const database = await openDatabase(environment.DATABASE_URL)
  const [claimed] = await database.query<{ attempts: number; next_attempt_at: Date }>(
    sql`select attempts, next_attempt_at from outbox`,
  )
  assert.equal(claimed?.attempts, 1)
  assert.ok((claimed?.next_attempt_at.getTime() ?? 0) > Date.now() + 60_000, 'leased')
  await database.query(sql`update outbox set next_attempt_at = ${new Date(0)} returning id`) // expires the lease
  await startProcess({ environment: { ...environment, SMTP_URL: mailServer.url } })
  await again
  assert.equal(mailServer.inbox.length, 2)
  assert.equal(mailServer.inbox[0]?.messageId, mailServer.inbox[1]?.messageId)
  assert.equal(mailServer.inbox[0]?.date, mailServer.inbox[1]?.date)
})

test('when the mail server refuses the login, no mail is given up, and the password appears nowhere', async () => {
  const mailServer = await startMailServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: (auth, _session, answer) => answer(new Error(`Invalid login for ${auth.password}`)),
  })
  const url = new URL(mailServer.url)
  url.username = 'tessera'
  url.password = CANARY
  const server = await startServer({ SMTP_URL: url.href, MAIL_FROM, TRUSTED_PROXIES: '127.0.0.1', LOG_LEVEL: 'trace' })
  await moveJohn(server)
  for (let minute = 0; minute < 10; minute++) {
    await server.deliverMails()
    server.advanceClock({ seconds: 60 })
  }
  const rows = await server.rows<{ last_error: string; failed_at: Date | null }>(sql`select * from outbox`)
  assert.equal(rows[0]?.failed_at, null)
  assert.match(rows[0]?.last_error ?? '', /^EAUTH 535: the mail server refused the login$/)
  for (const secret of [CANARY, Buffer.from(CANARY).toString('base64').slice(0, 20)]) {
    assert.ok(!JSON.stringify(rows).includes(secret))
    assert.ok(!JSON.stringify(server.logs).includes(secret))
  }
})

test('the SMTP password is never sent without TLS, except to this machine', async () => {
  let received = ''
  const mailServer = await startMailServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: (auth, _session, answer) => {
      received += auth.password
      answer(null, { user: 'tessera' })
    },
  })
  const probe = connect(mailServer.port, '0.0.0.0')
  await once(probe, 'connect') // this machine, by an address that is not a loopback address
  probe.destroy()
  const server = await startServer({
    SMTP_URL: `smtp://tessera:${CANARY}@0.0.0.0:${mailServer.port}`,
    MAIL_FROM,
    TRUSTED_PROXIES: '127.0.0.1',
  })
  await moveJohn(server)
  await server.deliverMails()
  assert.equal(received, '')
  assert.equal(mailServer.inbox.length, 0)
})

/** Reads each mail to its last byte, then closes the connection instead of answering. */
async function startForgetfulServer(): Promise<{ url: string; copies: () => number }> {
  let copies = 0
  const server = createServer((socket) => {
    let inData = false
    socket.on('error', () => {})
    socket.write('220 forgetful\r\n')
    socket.on('data', (chunk) => {
      if (inData) {
        if (!chunk.toString().includes('\r\n.\r\n')) return
        copies++
        socket.destroy()
        return
      }
      inData = /^DATA/m.test(chunk.toString())
      socket.write(inData ? '354 go on\r\n' : '250 fine\r\n')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, copies: () => copies }
}

test('a mail server that accepts mails and never answers gets at most three copies', async () => {
  const { url, copies } = await startForgetfulServer()
  const server = await startServer({ SMTP_URL: url, MAIL_FROM, TRUSTED_PROXIES: '127.0.0.1' })
  await moveJohn(server)
  for (let minute = 0; minute < 20; minute++) {
    await server.deliverMails()
    server.advanceClock({ seconds: 60 })
  }
  assert.equal(copies(), 3)
  const [row] = await server.rows<{ failed_at: Date | null }>(sql`select failed_at from outbox`)
  assert.ok(row?.failed_at)
})

test('an error text of the mail server is stored as one inert line for the operator and is never logged', async () => {
  const mailServer = await startMailServer()
  mailServer.refuse = () => 550
  mailServer.refusalText = `${CANARY} \u001b[2J \u202Etxet`
  const server = await startServer({
    SMTP_URL: mailServer.url,
    MAIL_FROM,
    TRUSTED_PROXIES: '127.0.0.1',
    LOG_LEVEL: 'trace',
  })
  await moveJohn(server)
  await server.deliverMails()
  const [row] = await server.rows<{ last_error: string }>(sql`select last_error from outbox`)
  assert.match(row?.last_error ?? '', /550.*canary/)
  assert.doesNotMatch(row?.last_error ?? '', /\p{C}/u)
  assert.ok(!JSON.stringify(server.logs).includes(CANARY))
  assert.ok(server.logs.some((line) => line['reason'] === 'EENVELOPE 550'))
})
