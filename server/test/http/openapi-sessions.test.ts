import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiDescription } from '../support/requests/api-description.ts'
import { startServer } from '../support/server.ts'
import { decodeClaims, logIn, logInNewUser } from '../support/users.ts'

const server = await startServer()
const { assertDescribed } = await apiDescription(server)
const SESSIONS = '/api/v1/auth/sessions'

test('every answer about sessions matches the description', async () => {
  const own = await logInNewUser(server)
  const other = await logIn(server, own.user.email)
  const id = decodeClaims(other.access_token)['sid']
  const calls: [method: 'get' | 'delete', path: string, bearer: string | undefined, status: number][] = [
    ['get', '', own.access_token, 200],
    ['get', '', undefined, 401],
    ['get', `/${id}`, own.access_token, 200],
    ['delete', `/${id}`, own.access_token, 204],
    ['delete', `/${id}`, own.access_token, 404],
    ['get', `/${id}`, own.access_token, 200],
    ['get', '/%zz', own.access_token, 400],
    ['delete', '?kind=all', own.access_token, 422],
    ['delete', '?kind=pair', own.access_token, 200],
    ['delete', '?current=true', own.access_token, 200],
    ['delete', '', own.access_token, 401],
  ]
  for (const [method, path, bearer, status] of calls) {
    const answer = await server[method](SESSIONS + path, bearer === undefined ? {} : { bearer })
    assert.equal(answer.status, status, `${method} ${path} ${answer.text}`)
    assertDescribed(path.startsWith('/') ? `${SESSIONS}/{id}` : SESSIONS, method, answer)
  }
})

test('a logout with a scope and a refresh that tells a reason match the description', async () => {
  const { refresh_token } = await logInNewUser(server)
  for (const [path, body, status] of [
    ['logout', { refresh_token, scope: 'everything' }, 422],
    ['logout', { refresh_token, scope: 'others' }, 200],
    ['logout', { refresh_token, scope: 'all' }, 200],
    ['logout', { refresh_token, scope: 'all' }, 401],
    ['refresh', { refresh_token }, 401],
  ] as const) {
    const answer = await server.post(`/api/v1/auth/${path}`, body)
    assert.equal(answer.status, status, answer.text)
    assertDescribed(`/api/v1/auth/${path}`, 'post', answer)
  }
})
