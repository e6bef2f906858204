import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { noRedis, REDIS_URL } from '../support/redis.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { logIn, PASSWORD, signUp } from '../support/users.ts'

const SETTINGS = { RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' }
const OFFICE = '203.0.113.7'

async function logInFrom(server: TestServer, email: string, password: string, ip = OFFICE) {
  return server.post('/api/v1/auth/login', { email, password }, { headers: { 'x-forwarded-for': ip } })
}

/** A user who has used up the failures of the office, and was refused with the right password. */
async function lockedOutUser(server: TestServer, ip = OFFICE) {
  const user = await signUp(server)
  for (let n = 0; n < 10; n++) assert.equal((await logInFrom(server, user.email, 'x', ip)).status, 401)
  assert.equal((await logInFrom(server, user.email, PASSWORD, ip)).status, 429)
  return user
}

test('an operator sees which limit refuses a user, and lifts it', async () => {
  const server = await startServer(SETTINGS)
  const tessera = tesseraCli(server)
  assert.equal((await tessera('limits list')).output, 'No limit refuses anything.\n')
  const { email } = await lockedOutUser(server)
  const other = await lockedOutUser(server)
  const [limit] = parseJsonLines((await tessera(`limits list ${email} --json`)).output)
  const { counts, attempts, max, network } = limit
  assert.deepEqual([counts, attempts, max], ['failed logins of the account from the network', 10, 10])
  assert.deepEqual([limit.email, network], [email, OFFICE])
  const table = (await tessera('limits list')).output
  for (const listed of [email, other.email]) assert.match(table, new RegExp(`from the network +10 +10 .*${listed}`))

  assert.match((await tessera(`limits forgive ${email}`)).output, /^Lifted \d limits?\.\n$/)
  assert.equal((await logInFrom(server, email, PASSWORD)).status, 200)
  assert.equal((await logInFrom(server, other.email, PASSWORD)).status, 429)
  assert.equal((await tessera(`limits list ${email}`)).output, `No limit refuses ${email}.\n`)
  const [event] = parseJsonLines((await tessera(`audit --user ${email} --kind limits_forgiven --json`)).output)
  assert.ok(event.details.limits >= 1)
})

test('the limits of a network are lifted with those of its accounts and of the networks around it', async () => {
  const server = await startServer(SETTINGS)
  const tessera = tesseraCli(server)
  const { email } = await lockedOutUser(server, '2001:db8:1:2::7')
  const [{ network }] = parseJsonLines((await tessera('limits list --json')).output)
  assert.equal(network, '2001:db8:1:2::/64')
  assert.equal((await tessera('limits forgive --network 2001:db8:9::1')).output, 'Lifted 0 limits.\n')
  assert.equal((await logInFrom(server, email, PASSWORD, '2001:db8:1:2::8')).status, 429)
  await tessera(`limits forgive --network ${network}`)
  assert.equal((await logInFrom(server, email, PASSWORD, '2001:db8:1:2::8')).status, 200)
})

test('a new password from an operator lifts the limits of failed logins with the old one', async () => {
  const server = await startServer(SETTINGS)
  const { email } = await lockedOutUser(server)
  const { output } = await tesseraCli(server)(`users set-password ${email}`, 'a brand new password\n')
  assert.match(output, /Lifted the limits of their failed logins\.\n$/)
  assert.equal((await logInFrom(server, email, 'a brand new password')).status, 200)
})

test('an operator sees and lifts the limits of current passwords, codes and changes of address', async () => {
  const server = await startServer(SETTINGS)
  const tessera = tesseraCli(server)
  const { email } = await signUp(server)
  const { access_token: bearer } = await logIn(server, email)
  const change = { current_password: 'wrong', password: 'battery staple clip' }
  for (let n = 0; n < 11; n++) await server.post('/api/v1/users/password', change, { bearer })
  for (let n = 0; n < 11; n++) await server.post('/api/v1/users/email/verify', { code: 'AAAA-AAAA' }, { bearer })
  for (let n = 0; n < 6; n++) await server.post('/api/v1/users/email/change', { email: `${n}.${email}` }, { bearer })
  for (let n = 0; n < 61; n++) await server.post('/api/v1/users/password/forgot', { email: `${n}.${email}` })
  const own = parseJsonLines((await tessera(`limits list ${email} --json`)).output)
  assert.deepEqual(own.map((limit) => `${limit.counts} ${limit.max} ${limit.email === email}`).sort(), [
    'changes of address that the user asked for 5 true',
    'codes that the user tried 10 true',
    'wrong current passwords of the user 10 true',
  ])
  assert.match((await tessera('limits list')).output, /mails that the network asked for +60 +60 +127\.0\.0\.1/)
  assert.equal((await tessera(`limits forgive ${email}`)).code, 0)
  const right = { ...change, current_password: PASSWORD }
  assert.equal((await server.post('/api/v1/users/password', right, { bearer })).status, 204)
  assert.equal((await tessera(`limits list ${email}`)).output, `No limit refuses ${email}.\n`)
})

test('a lifted limit counts again from the first failure, and a restart lifts none', async () => {
  const server = await startServer(SETTINGS)
  const { email } = await lockedOutUser(server)
  await tesseraCli(server)('limits forgive --all')
  for (let n = 0; n < 10; n++) assert.equal((await logInFrom(server, email, 'x')).status, 401)
  assert.equal((await logInFrom(server, email, PASSWORD)).status, 429)
  const restarted = await startServer({ ...SETTINGS, DATABASE_URL: server.databaseUrl })
  assert.equal((await logInFrom(restarted, email, PASSWORD)).status, 429)
})

test('a limit that has ended refuses nothing and is not listed', async () => {
  const server = await startServer(SETTINGS)
  const { email } = await lockedOutUser(server)
  server.advanceClock({ seconds: 901 })
  assert.equal((await logInFrom(server, email, PASSWORD)).status, 200)
})

test('limits forgive needs one user, one network or --all, and a network that is one', async () => {
  const tessera = tesseraCli(await startServer())
  for (const line of ['limits forgive', 'limits forgive 1 --all', 'limits forgive --all --network 192.0.2.1'])
    assert.equal(
      (await tessera(line)).output,
      'tessera: Pass a user, --network for a network, or --all for every limit.\n',
    )
  for (const network of ['office', '10.0.0.0/8', '2001:db8::/32'])
    assert.match((await tessera(`limits forgive --network ${network}`)).output, /It must be an IP address/)
})

test('limits in Redis are listed and lifted as well', { skip: noRedis }, async () => {
  const server = await startServer({ ...SETTINGS, REDIS_URL })
  const ip = `2001:db8:${randomUUID().slice(9, 18).replace('-', ':')}::1`
  const { email } = await lockedOutUser(server, ip)
  const tessera = tesseraCli(server, { REDIS_URL })
  const [limit] = parseJsonLines((await tessera(`limits list ${email} --json`)).output)
  assert.deepEqual([limit.attempts, limit.email], [10, email])
  await tessera(`limits forgive ${email}`)
  assert.equal((await logInFrom(server, email, PASSWORD, ip)).status, 200)
})
