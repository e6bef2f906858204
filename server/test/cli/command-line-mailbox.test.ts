import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { linkOf, readMail } from '../support/mailbox.ts'
import { startServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { logIn, PASSWORD, signUp } from '../support/users.ts'

const NEW_PASSWORD = 'battery staple clip'

test('an operator mails a user the link to a new password; the old one works until then', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { id, email } = await signUp(server)
  for (let n = 0; n < 4; n++) assert.equal((await tessera(`users send-reset ${email}`)).code, 0)
  await logIn(server, email, PASSWORD)
  const token = linkOf(await readMail(server, email, 'reset_password'))
  assert.equal((await server.post('/api/v1/users/password/reset', { token, password: NEW_PASSWORD })).status, 204)
  await logIn(server, email, NEW_PASSWORD)
  const events = parseJsonLines((await tessera(`audit --user ${id} --kind password_reset_sent --json`)).output)
  assert.equal(events.length, 4)
  assert.match(events[0].user_agent, /^tessera \(command line\) by /)

  await tessera(`users disable ${id}`)
  const refused = await tessera(`users send-reset ${id}`)
  assert.deepEqual([refused.code, /is disabled, so no link would work/.test(refused.output)], [1, true])
  const mails = await server.rows<{ count: number }>(
    sql`select count(*) as count from outbox where kind = ${'reset_password'}`,
  )
  assert.equal(mails[0]?.count, 4)
})

test('an operator counts an address as proven, or all from before a time, and each is audited', async () => {
  const server = await startServer({ REQUIRE_VERIFIED_EMAIL: 'on' })
  const tessera = tesseraCli(server)
  const [ann, ben, cleo, dan] = [await signUp(server), await signUp(server), await signUp(server), await signUp(server)]
  await server.rows(sql`update users set created_at = ${new Date('2026-11-30T23:59:59Z')} where id = ${ben.id}`)
  await server.rows(sql`update users set created_at = ${new Date('2026-11-30T23:59:59Z')} where id = ${cleo.id}`)
  await server.rows(sql`update users set created_at = ${new Date('2026-12-01T00:00:00Z')} where id = ${dan.id}`)
  await server.rows(sql`update users set created_at = ${new Date('2026-12-02T00:00:00Z')} where id = ${ann.id}`)
  assert.equal((await tessera(`users verify-email ${ann.id}`)).output, `Verified the address ${ann.email}.\n`)
  assert.match((await tessera(`users verify-email ${ann.email}`)).output, /was already verified/)
  const all = 'users verify-email --all --before 2026-12-01'
  assert.equal((await tessera(all)).output, 'Verified 2 addresses.\n')
  assert.equal((await tessera(all)).output, 'Verified 0 addresses.\n')
  for (const { email } of [ann, ben, cleo]) await logIn(server, email)
  const refused = await server.post('/api/v1/auth/login', { email: dan.email, password: PASSWORD })
  assert.equal(refused.body.error.details.code, 'email_not_verified')
  const events = parseJsonLines((await tessera('audit --kind email_verified --json')).output)
  assert.deepEqual(events.map(({ user_id }) => user_id).sort(), [ann.id, ben.id, cleo.id].sort())
  for (const options of ['', ' --all', ' --before 7d', ` ${ann.id} --all --before 7d`, ` ${ann.id} --before 7d`])
    assert.equal((await tessera(`users verify-email${options}`)).code, 1, options)
})

test('an operator sees when an address was proven, the first and the last login, and the newest mails', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { id, email } = await signUp(server)
  const [before] = parseJsonLines((await tessera(`users show ${id} --json`)).output)
  const { email_verified_at, first_login_at, last_login_at, mails } = before
  assert.deepEqual([email_verified_at, first_login_at, last_login_at, mails], [null, null, null, []])
  const { access_token: bearer } = await logIn(server, email)
  server.advanceClock({ seconds: 60 })
  await logIn(server, email)
  await server.post('/api/v1/users/password', { current_password: PASSWORD, password: NEW_PASSWORD }, { bearer })
  await tessera(`users send-reset ${id}`)
  await tessera(`users send-reset ${(await signUp(server)).id}`)
  await tessera(`users verify-email ${id}`)
  const { output } = await tessera(`users show ${id} --json`)
  const [shown] = parseJsonLines(output)
  assert.ok(shown.email_verified_at)
  assert.equal(Date.parse(shown.last_login_at) - Date.parse(shown.first_login_at) >= 60_000, true)
  assert.deepEqual(
    shown.mails.map(({ kind, state }: { kind: string; state: string }) => `${kind} ${state}`),
    ['reset_password waiting', 'password_changed waiting'],
  )
  assert.doesNotMatch(output, /#token=/)
  assert.match((await tessera(`users show ${id}`)).output, /\nMAIL +KIND +STATE[^\n]*\n\d+ +reset_password +waiting/)
})
