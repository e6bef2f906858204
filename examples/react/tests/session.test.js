import { createClient } from 'tessera-client'
import { vitestFixtures } from 'tessera-test/fixtures'
import { test as base, expect } from 'vitest'

const test = base.extend({
  ...vitestFixtures,
  async client({ tessera }, use) {
    const ann = { email: 'ann@example.com', password: 'correct horse' }
    await tessera.user(ann)
    const client = createClient({ url: tessera.url })
    await client.login(ann)
    await use(client)
    client.close()
  },
  async me({ client, tessera }, use) {
    await use(async () => (await client.fetch(`${tessera.url}/api/v1/auth/me`)).status)
  },
})

test('an expiry: the client refreshes its token, and a month later its user is signed out', async ({
  client,
  me,
  tessera,
}) => {
  await tessera.advance('16m')
  expect(await me()).toBe(200)
  await tessera.advance('31d')
  expect(await me()).toBe(401)
  expect(client.session.status).toBe('signed_out')
})

test('a lost answer: the client asks again and gets the token that was lost', async ({ me, tessera }) => {
  await tessera.advance('16m')
  await tessera.lose('refresh')
  expect(await me()).toBe(200)
})

test('a theft: thief and user are signed out, and the user gets a mail', async ({ client, me, tessera }) => {
  await tessera.advance('16m')
  await me()
  const { refresh_token } = await tessera.steal(await client.accessToken())
  await tessera.advance('16m')
  const thief = await fetch(`${tessera.url}/api/v1/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token }),
  })
  expect(thief.status).toBe(200)
  await tessera.advance('16m')
  expect(await me()).toBe(401)
  expect(client.session).toMatchObject({ status: 'signed_out', reason: 'reuse' })
  expect((await tessera.mail('ann@example.com')).kind).toBe('refresh_token_reused')
})
