import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { createProgram } from '../../src/cli/program.ts'
import { insertMail } from '../../src/storage/notice/outbox.ts'
import { startServer } from '../support/server.ts'
import { runToEnd } from '../support/server-process.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { decodeClaims, logIn, logInNewUser, me, refresh, signUp, type Tokens } from '../support/users.ts'

test('a command with contradictory or invalid arguments changes nothing', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { user, access_token } = await logInNewUser(server)
  const [session] = parseJsonLines((await tessera('sessions list --json')).output)
  const both = await tessera(`sessions end ${session.id} --user ${user.id}`)
  assert.deepEqual([both.code, (await me(server, access_token)).status], [1, 200])
  const short = await tessera(`users set-password ${user.id}`, 'short')
  assert.match(short.output, /^tessera: Password is too short/)
  assert.equal((await me(server, access_token)).status, 200)
  for (const command of ['drop', 'retry']) assert.equal((await tessera(`outbox ${command} 1 --failed`)).code, 1)
})

test('sessions are listed, ended one by one, and ended all at once for a user', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const user = await signUp(server)
  const logins: Tokens[] = []
  for (let count = 0; count < 3; count++) logins.push(await logIn(server, user.email))
  const listActive = async () => parseJsonLines((await tessera(`sessions list --user ${user.id} --json`)).output)
  const [newest] = await listActive()
  assert.equal((await listActive()).length, 3)
  assert.equal((await tessera(`sessions end ${newest.id}`)).output, 'Ended the session.\n')
  assert.equal((await tessera(`sessions end ${newest.id}`)).output, 'The session had already ended.\n')
  const alive = async () =>
    (await Promise.all(logins.map((login) => me(server, login.access_token)))).map(({ status }) => status)
  assert.deepEqual(await alive(), [200, 200, 401])
  assert.equal((await tessera(`sessions end --user ${user.email}`)).output, 'Ended 2 sessions.\n')
  assert.deepEqual(await alive(), [401, 401, 401])
  assert.equal((await tessera(`sessions list --user ${user.id}`)).output, 'No active sessions found.\n')
  assert.match((await tessera(`sessions list --user ${user.id} --ended`)).output, /(.* ended: operator .*\n){3}$/)
  assert.match((await tessera('sessions end')).output, /^tessera: Pass the id of a session, --user for all sessions/)
  assert.match((await tessera('sessions end nonsense')).output, /^tessera: No session has the id "nonsense"/)
})

test('one session is shown with why it ended and the scene of its reuse, also as JSON', async () => {
  const server = await startServer({ REFRESH_TOKEN_ROTATION: 'strict' })
  const tessera = tesseraCli(server)
  const { user, access_token, refresh_token } = await logInNewUser(server)
  const id = String(decodeClaims(access_token)['sid'])
  assert.match((await tessera(`sessions show ${id}`)).output, /^state +active$/m)
  await refresh(server, refresh_token)
  server.advanceClock({ seconds: 31 })
  assert.equal((await refresh(server, refresh_token)).status, 401)
  const { code, output } = await tessera(`sessions show ${id.toUpperCase()}`)
  assert.equal(code, 0, output)
  assert.match(output, /^state +ended: reuse$/m)
  const [, reuse = '', login = ''] = output.split('\n\n')
  assert.match(reuse, /^event +refresh_token_reused$/m)
  for (const field of ['used ip', 'newest ip']) assert.match(reuse, new RegExp(`^${field} +127\\.0\\.0\\.1$`, 'm'))
  for (const field of ['at', 'used at', 'newest at']) assert.match(reuse, new RegExp(`^${field} +20.*Z$`, 'm'))
  assert.match(login, /^event +login_succeeded$/m)
  const [shown] = parseJsonLines((await tessera(`sessions show ${id} --json`)).output)
  assert.deepEqual([shown.id, shown.email, shown.revoke_reason], [id, user.email, 'reuse'])
  const kinds = shown.events.map(({ kind }: { kind: string }) => kind)
  assert.deepEqual(kinds, ['refresh_token_reused', 'login_succeeded'])
  assert.match((await tessera('sessions list --ended')).output, /ended: reuse/)
  const unknown = await tessera('sessions show 0198c2f4-7a3b-7c4d-8e5f-6a7b8c9d0e1f')
  assert.equal(unknown.code, 1)
  assert.match(unknown.output, /^tessera: No session has the id "0198c2f4-.*; tessera sessions list shows the ids\.\n$/)
})

test('after a restored backup, the sessions of all users can be ended at once', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const users = await Promise.all(Array.from({ length: 3 }, () => logInNewUser(server)))
  assert.match((await tessera('sessions end --all')).output, /^tessera: Not a terminal: pass --yes to confirm/)
  assert.equal((await tessera('sessions end --all --yes')).output, 'Ended 3 sessions.\n')
  for (const { access_token, refresh_token } of users) {
    assert.equal((await me(server, access_token)).status, 401)
    assert.equal((await refresh(server, refresh_token)).status, 401)
  }
  assert.equal((await tessera('sessions end --all --yes')).output, 'Ended 0 sessions.\n')
  const audited = parseJsonLines((await tessera('audit --kind session_ended --json')).output)
  assert.deepEqual(
    audited.map(({ details }) => details),
    [{ sessions: 3 }],
  )
})

test('the audit log is filtered by user, kind and time, printed as a table or JSON lines, and cannot control the terminal', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { user } = await logInNewUser(server)
  await server.rows(sql`update audit_events set user_agent = ${'\u001b[2J\u202Eevil\r\nforged line'} returning id`)
  const kinds = async (filter: string) =>
    parseJsonLines((await tessera(`audit --json ${filter}`)).output).map(({ kind }) => kind)
  assert.deepEqual(await kinds(`--user ${user.email}`), ['login_succeeded', 'user_registered'])
  assert.deepEqual(await kinds(`--user ${user.id} --kind user_registered --since 1h`), ['user_registered'])
  assert.deepEqual(await kinds('--limit 1'), ['login_succeeded'])
  assert.equal((await tessera('audit --until 1h')).output, 'No events found.\n')
  assert.doesNotMatch((await tessera('audit --json')).output, /[^\P{C}\n]/u)
  const table = (await tessera('audit')).output
  assert.equal(table.split('\n').length, 4)
  assert.doesNotMatch(table, /[^\P{Cc}\n]|\u202E/u)
  await tessera(`users delete ${user.id} --yes`)
  assert.deepEqual(await kinds(`--user ${user.id} --limit 1`), ['user_deleted'], 'a deleted user can be named by id')
  assert.match(
    (await tessera('audit --since yesterday')).output,
    /^tessera: option '--since <time>' argument 'yesterday' is invalid\. Use a time such as 2026-11-21 .*\n$/,
  )
})

test('mails are listed, shown as they would be sent, sent again and deleted', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { id: user_id, email } = await signUp(server)
  const data = { session_id: '', ip: '198.51.100.7', user_agent: 'curl/8', at: '2026-11-20T10:00:00.000Z' }
  for (const dedupe_key of ['a', 'b']) {
    await insertMail(server.ctx.db, { user_id, kind: 'refresh_token_reused', data, dedupe_key }, new Date())
  }
  const list = async (filter = '') => parseJsonLines((await tessera(`outbox list --json${filter}`)).output)
  const [second, first] = await list()
  const shown = (await tessera(`outbox show ${first.id}`)).output
  assert.match(shown, new RegExp(`^to +${email}\nsubject +Your session at Tessera was ended\nstate +waiting\n`))
  assert.match(shown, /IP address: +198\.51\.100\.7/)
  assert.match((await tessera(`outbox show ${first.id} --html`)).output, /^<!doctype html>/)

  await server.rows(sql`update outbox set failed_at = ${new Date()}, refusals = 3, last_error = ${'550'} returning id`)
  assert.match((await tessera('outbox list --state failed')).output, /(.* failed .*550\n){2}$/)
  assert.equal((await tessera(`outbox retry ${first.id}`)).output, `Mail ${first.id} will be sent again.\n`)
  assert.deepEqual(
    (await list(' --state waiting')).map(({ id, refusals }) => [id, refusals]),
    [[first.id, 0]],
  )
  assert.equal((await tessera('outbox drop --failed')).output, `Mail ${second.id} was deleted.\n`)
  assert.equal((await tessera('outbox drop --failed')).output, 'No mail was given up.\n')
  const events = parseJsonLines((await tessera(`audit --user ${user_id} --limit 2 --json`)).output)
  assert.deepEqual(
    events.map(({ kind, details }) => [kind, details.mail]),
    [
      ['mail_dropped', second.id],
      ['mail_retried', first.id],
    ],
  )
  for (const { user_agent } of events) assert.equal(user_agent, `tessera (command line) by ${userInfo().username}`)
  const { code, output } = await tessera(`outbox drop ${second.id}`)
  assert.deepEqual([code, output], [1, `tessera: Mail ${second.id} does not exist.\n`])
})

test('tessera secret prints a new secret each time, long enough for production', async () => {
  const [first, second] = [await runToEnd(['secret']), await runToEnd(['secret'])]
  assert.match(first.output, /^[0-9a-f]{128}\n$/)
  assert.notEqual(first.output, second.output)
})

test('a command that reads refuses to run without a database and creates none', async () => {
  const folder = temporaryFolder()
  for (const line of ['users list', 'sessions list', 'audit', 'outbox list', 'users show 1']) {
    const { code, output } = await runToEnd(line.split(' '), { folder })
    assert.equal(code, 1)
    assert.match(output, /^tessera: There is no database at \S+\/data\/tessera\.db\. .*tessera migrate\n$/)
  }
  assert.ok(!existsSync(join(folder, 'data')))
  assert.equal((await runToEnd(['users', 'create', 'a@example.com', '--no-password'], { folder })).code, 0)
})

test('the help of every command has an example of that command', async () => {
  const program = createProgram('1.0.0')
  const commands = program.commands.flatMap((group) => (group.commands.length > 0 ? group.commands : [group]))
  assert.ok(commands.length >= 18)
  for (const command of commands) {
    const name = [...(command.parent === program ? [] : [command.parent?.name()]), command.name()].join(' ')
    let help = ''
    command.configureOutput({ writeOut: (text) => (help += text) })
    command.outputHelp()
    assert.match(help, new RegExp(`For example:\n.*tessera ${name}`, 's'), name)
  }
  for (const args of [['--help'], ['users', '--help'], ['users', 'create', '--help'], ['--version']]) {
    assert.equal((await runToEnd(args)).code, 0)
  }
})
