import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { startServer, type TestServer } from '../support/server.ts'
import { tesseraCli } from '../support/tessera-command.ts'
import { ADMIN, logIn, logInNewUser } from '../support/users.ts'

async function adminOf(server: TestServer) {
  return (await server.post('/api/v1/auth/login', ADMIN)).body as { user: { id: number }; access_token: string }
}

test('the last admin cannot be deleted over the API: 409, and nothing changes', async () => {
  const server = await startServer()
  const { user, access_token } = await adminOf(server)
  const refused = await server.delete(`/api/v1/users/${user.id}`, { bearer: access_token })
  assert.equal(refused.status, 409)
  assert.deepEqual(refused.body.error.details, { code: 'last_admin' })
  assert.equal((await server.get('/api/v1/auth/me', { bearer: access_token })).status, 200)
  const second = await logInNewUser(server)
  await server.rows(sql`update users set role = 'admin' where id = ${second.user.id} returning id`)
  assert.equal((await server.delete(`/api/v1/users/${user.id}`, { bearer: access_token })).status, 204)
  assert.equal((await server.delete(`/api/v1/users/${second.user.id}`, { bearer: second.access_token })).status, 409)
})

test('the command line neither deletes, nor disables, nor demotes the last admin', async () => {
  const server = await startServer()
  const tessera = tesseraCli(server)
  const { email } = (await logInNewUser(server)).user
  for (const line of [
    `users delete ${ADMIN.email} --yes`,
    `users disable ${ADMIN.email}`,
    `users set-role ${ADMIN.email} user`,
  ]) {
    const { code, output } = await tessera(line)
    assert.equal(code, 1, line)
    assert.match(output, /^tessera: This is the last admin that can sign in; .*tessera users set-role <user> admin/)
  }
  await logIn(server, ADMIN.email, ADMIN.password)
  assert.equal((await tessera(`users set-role ${email} admin`)).code, 0)
  assert.equal((await tessera(`users disable ${email}`)).code, 0)
  assert.equal((await tessera(`users delete ${ADMIN.email} --yes`)).code, 1, 'a disabled admin does not count')
  assert.equal((await tessera('users create no@example.com --role admin --no-password')).code, 0)
  assert.equal((await tessera(`users delete ${ADMIN.email} --yes`)).code, 1, 'nor one without a password')
  assert.equal((await tessera(`users enable ${email}`)).code, 0)
  assert.equal((await tessera(`users set-role ${ADMIN.email} user`)).code, 0)
})

test('of two admins that delete each other at once, one stays', async () => {
  const server = await startServer()
  for (let round = 0; round < 5; round++) {
    const admins = await Promise.all([logInNewUser(server), logInNewUser(server)])
    await server.rows(sql`update users set role = 'user' where role = 'admin' returning id`)
    for (const { user } of admins)
      await server.rows(sql`update users set role = 'admin' where id = ${user.id} returning id`)
    const statuses = await Promise.all(
      admins.map(({ access_token }, at) =>
        server
          .delete(`/api/v1/users/${admins[1 - at]?.user.id}`, { bearer: access_token })
          .then(({ status }) => status),
      ),
    )
    const left = await server.rows(sql`select id from users where role = 'admin'`)
    assert.equal(left.length, 1, `${statuses}`)
  }
})

test('a demo admin that development left can be deleted in production', async () => {
  const JWT_SECRET_KEY = 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ'
  const development = await startServer({ JWT_SECRET_KEY })
  await development.close()
  const production = await startServer({
    NODE_ENV: 'production',
    REQUIRE_HTTPS: 'off',
    HOST: '127.0.0.1',
    JWT_SECRET_KEY,
    DATABASE_URL: development.databaseUrl,
  })
  assert.equal((await tesseraCli(production)(`users delete ${ADMIN.email} --yes`)).code, 0)
})
