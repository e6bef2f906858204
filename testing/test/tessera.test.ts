import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { startTessera } from '../src/start-tessera.ts'

const tessera = await startTessera()
after(() => tessera.stop())
beforeEach(() => tessera.reset())

function refresh(url: string, refresh_token: string) {
  return fetch(`${url}/api/v1/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token }),
  })
}

test('each call does what its path does', async () => {
  const ann = await tessera.user({ email: 'ann@example.com', password: 'correct horse' })
  assert.deepEqual([ann.id, ann.email], [1, 'ann@example.com'])
  assert.equal((await tessera.users([{}, {}])).length, 2)
  const session = await tessera.session(ann, { amr: ['pwd', 'otp'] })
  assert.equal(session.user.guid, ann.guid)
  const named = [1, ann.guid, ann.email].map((name) => tessera.session(name))
  assert.equal((await Promise.all(named)).length, 3)
  assert.equal((await tessera.steal(session)).refresh_token, session.refresh_token)
  await tessera.lose('refresh')
  await assert.rejects(refresh(tessera.url, session.refresh_token))
  await tessera.faults({ route: 'POST /api/v1/auth/refresh', outcome: '503' })
  assert.equal((await refresh(tessera.url, session.refresh_token)).status, 503)
  await tessera.expire(session, 'session')
  assert.equal((await refresh(tessera.url, session.refresh_token)).status, 401)
  const cookie = await tessera.session(ann, { cookie: true })
  assert.match(cookie.cookie, /^__Host-tessera_refresh=/)
  assert.equal(cookie.refresh_token, '')
  const moved = await tessera.advance('8d')
  assert.ok(Math.abs(moved.getTime() - tessera.now().getTime()) < 60_000)
  assert.ok(tessera.now().getTime() - Date.now() > 7.9 * 86_400_000)
  await tessera.reset()
  assert.ok(tessera.now().getTime() - Date.now() < 60_000)
  await tessera.clock({ set: new Date('2020-01-01') })
  assert.match(tessera.now().toISOString(), /^2020-01-01/)
})

test('a mail comes with its code and its link, which leads to the server', async () => {
  const ann = await tessera.user({ password: 'correct horse' })
  const forgotten = fetch(`${tessera.url}/api/v1/users/password/forgot`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: ann.email }),
  })
  const { kind, link } = await tessera.mail(ann.email)
  assert.equal((await forgotten).status, 202)
  assert.equal(kind, 'reset_password')
  assert.ok(link?.startsWith(`${tessera.url}/reset?`), `${link}`)
  assert.equal((await fetch(`${link}`)).status, 200)
  assert.deepEqual(await tessera.mails({ to: 'other@example.com' }), [])
  await assert.rejects(tessera.mail('other@example.com', { wait: 0 }), /has written no such mail/)
})

test('a wrong call throws what is wrong with it', async () => {
  await assert.rejects(tessera.advance('soon'), /POST \/test\/clock: advance must be a time such as 90s, 16m/)
  await assert.rejects(tessera.session('none@example.com'), /user must be the id, the GUID or the address of a user/)
  await assert.rejects(startTessera({ settings: { DATABASE_URL: 'x' } }), /cannot be set in test mode/)
  await assert.rejects(startTessera({ users: [{ role: 'king' }] }), /0\.role must be user or admin/)
})

test('several servers run in one process and know nothing of each other', async () => {
  await using one = await startTessera({ users: [{ email: 'ann@example.com' }], settings: { COOKIE_MODE: 'on' } })
  const other = tessera
  await one.advance('365d')
  assert.ok(other.now().getTime() - Date.now() < 60_000)
  const session = await one.session('ann@example.com', { cookie: false })
  await assert.rejects(other.session('ann@example.com'))
  assert.match((await one.session('ann@example.com')).cookie, /^__Host-/)
  assert.equal((await other.session()).cookie, '')
  assert.equal((await refresh(other.url, session.refresh_token)).status, 401)
  const wrong = await fetch(`${other.url}/test/reset`, {
    method: 'POST',
    headers: { authorization: `Bearer ${one.adminKey}`, 'content-type': 'application/json' },
    body: '{}',
  })
  assert.equal(wrong.status, 401)
})

test('a stop removes everything, and can be called again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'own-'))
  process.env['TMPDIR'] = folder
  {
    await using own = await startTessera()
    await own.session()
    await own.stop()
  }
  assert.deepEqual(readdirSync(folder), [])
  rmdirSync(folder)
})
