import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../harness/free-port.ts'
import { startServer } from '../../server/test/support/server.ts'
import { ADMIN, logIn, logInNewUser } from '../../server/test/support/users.ts'
import { notInstalled, start } from './example.ts'

type Refusal = { error: { message: string } }

const TIMEOUT_MILLISECONDS = 30_000

test('the API in Express: notes of their owner alone, roles, and a logout that counts within seconds', {
  skip: notInstalled,
}, async () => {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const settings = { JWT_ALGORITHM: 'ES256', JWT_ISSUER: issuer, JWT_AUDIENCE: 'notes', PORT: `${port}` }
  const server = await startServer({ ...settings, REFRESH_SECRET_KEY: 'the secret of refresh tokens in the tests' })
  const api = await start({ name: 'express-api', program: 'server', environment: { TESSERA_URL: issuer } })
  const call = (path: string, token?: string, init: RequestInit = {}) =>
    fetch(api + path, {
      ...init,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    })

  const [ann, bob] = [await logInNewUser(server), await logInNewUser(server)]
  const admin = await logIn(server, ADMIN.email, ADMIN.password)

  assert.equal((await call('/')).status, 200)
  const refused = await call('/notes')
  assert.equal(refused.status, 401)
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer')
  assert.equal(((await refused.json()) as Refusal).error.message, 'Missing or invalid token')

  const body = JSON.stringify({ text: 'Buy milk' })
  const created = await call('/notes', ann.access_token, { method: 'POST', body })
  assert.equal(created.status, 201)
  const note = (await created.json()) as { id: string }
  assert.deepEqual(await (await call('/notes', ann.access_token)).json(), [note])
  assert.deepEqual(await (await call('/notes', bob.access_token)).json(), [])
  for (const text of [' ', ['Buy'], undefined]) {
    const invalid = await call('/notes', ann.access_token, { method: 'POST', body: JSON.stringify({ text }) })
    assert.equal(invalid.status, 422)
  }
  assert.equal((await call(`/notes/${note.id}`, bob.access_token, { method: 'DELETE' })).status, 404)

  assert.equal((await call('/notes/all', bob.access_token)).status, 403)
  assert.deepEqual(await (await call('/notes/all', admin.access_token)).json(), [note])

  await server.post('/api/v1/auth/logout', { refresh_token: bob.refresh_token })
  const deadline = performance.now() + TIMEOUT_MILLISECONDS
  while ((await call('/notes', bob.access_token)).status !== 401) {
    assert.ok(performance.now() < deadline, 'a logout is a 401')
    await sleep(200)
  }
  assert.equal((await call(`/notes/${note.id}`, ann.access_token, { method: 'DELETE' })).status, 204)
})
