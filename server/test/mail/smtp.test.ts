import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { startMailServer } from '../../../harness/mail-server.ts'
import { startServer } from '../support/server.ts'
import { moveNetwork, signUp } from '../support/users.ts'

const SETTINGS = { MAIL_FROM: 'Acme <no-reply@acme.example>', TRUSTED_PROXIES: '127.0.0.1' }

test('a mail server hears the name of this machine or the domain of MAIL_FROM, never an address in brackets', async () => {
  let heard: string | undefined
  const mailServer = await startMailServer({
    onMailFrom: (_address, session, answer) => {
      heard = session.hostNameAppearsAs || undefined
      answer()
    },
  })
  const server = await startServer({ ...SETTINGS, SMTP_URL: mailServer.url })
  await moveNetwork(server, await signUp(server))
  await server.deliverMails()
  assert.equal(heard, hostname().includes('.') ? hostname() : 'acme.example')
})

test('the mail server of this machine needs no certificate', async () => {
  const mailServer = await startMailServer({ disabledCommands: ['AUTH'] }) // offers STARTTLS with a certificate of its own
  const server = await startServer({ ...SETTINGS, SMTP_URL: mailServer.url })
  await moveNetwork(server, await signUp(server))
  await server.deliverMails()
  assert.equal(mailServer.inbox.length, 1)
})
