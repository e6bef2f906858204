import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send } from '../../server/test/support/server.ts'
import { createVerifier } from '../src/create-verifier.ts'
import { requireRole, requireStepUp } from '../src/express.ts'
import { apps, MAX_AGE_SECONDS } from './support/apps.ts'
import { seconds, startIssuer } from './support/issuer.ts'

const ask = (url: string, bearer?: string) => send(url, { method: 'GET' }, bearer === undefined ? {} : { bearer })

for (const [name, start] of Object.entries(apps)) {
  test(`${name}: a role and the age of a login are refused as Tessera refuses them`, async () => {
    const issuer = await startIssuer()
    const url = await start(createVerifier({ issuer: issuer.url }))
    const user = await issuer.sign({ auth_time: seconds() - MAX_AGE_SECONDS - 10 })
    const admin = await issuer.sign({ role: 'admin', auth_time: seconds() - 10 })
    for (const path of ['/users', '/transfers']) assert.equal((await ask(url + path, admin)).status, 200, path)
    for (const role of ['Admin', 'admin ', 'administrator', undefined])
      assert.equal((await ask(`${url}/users`, await issuer.sign({ role }))).status, 403, role)

    const role = await ask(`${url}/users`, user)
    assert.equal(role.status, 403)
    assert.equal(role.headers.get('www-authenticate'), 'Bearer error="insufficient_scope"')
    const details = { code: 'role_required', role: 'admin' }
    assert.deepEqual(role.body, { error: { message: 'The role is not sufficient', details } })

    for (const token of [user, await issuer.sign(), await issuer.sign({ auth_time: seconds() + 3600 })]) {
      const age = await ask(`${url}/transfers`, token)
      assert.equal(age.status, 403)
      const challenge = `Bearer error="insufficient_user_authentication", max_age=${MAX_AGE_SECONDS}`
      assert.equal(age.headers.get('www-authenticate'), challenge)
      assert.deepEqual(age.body.error.details, { code: 'step_up_required', max_age: MAX_AGE_SECONDS })
    }
  })

  test(`${name}: keys that cannot be read are 503 for a while, and no refusal of the token`, async () => {
    const issuer = await startIssuer()
    const path = '/.well-known/jwks.json'
    issuer.broken[path] = (response) => response.writeHead(503).end('<h1>Service Unavailable</h1>')
    let shift = 0
    const url = await start(createVerifier({ issuer: issuer.url, now: () => Date.now() + shift }))
    const token = await issuer.sign()
    const answer = await ask(`${url}/orders`, token)
    assert.equal(answer.status, 503)
    assert.equal(answer.headers.get('retry-after'), '1')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('www-authenticate'), null)
    assert.equal(answer.body.error.details.code, 'unavailable')
    assert.equal((await ask(`${url}/orders`)).status, 401, 'a request without a token is 401 all the same')
    delete issuer.broken[path]
    shift = 1000
    assert.equal((await ask(`${url}/orders`, token)).status, 200)
  })
}

test('a role or an age that would let everyone pass, or no user, stops the start', () => {
  for (const role of ['', [], [''], undefined, ['admin', '']])
    assert.throws(() => requireRole(role as string), TypeError)
  for (const maxAgeSeconds of [Number.NaN, -1, undefined, '300', Number.POSITIVE_INFINITY])
    assert.throws(() => requireStepUp({ maxAgeSeconds } as { maxAgeSeconds: number }), TypeError)
})
