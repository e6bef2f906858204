import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { changeRole } from '../../src/auth/account/change-role.ts'
import { endEverySession } from '../../src/auth/session/end-sessions.ts'
import { startServer } from '../support/server.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { decodeClaims, logIn, logInNewUser, logOut } from '../support/users.ts'

const page = readFileSync(new URL('../../../docs/revocations.md', import.meta.url), 'utf8')
const origin = { ip: null, userAgent: null }

test('the code of docs/revocations.md refuses tokens of what has ended, and no others', async () => {
  const [, code = ''] = /```js\n(.*?)```/s.exec(page) ?? []
  const file = join(temporaryFolder(), 'follow.mjs')
  writeFileSync(file, code)
  const { follow, isVoid } = await import(pathToFileURL(file).href)
  const server = await startServer()
  const [login, other, admin] = [await logInNewUser(server), await logInNewUser(server), await logInNewUser(server)]
  const judge = async () => {
    await server.readEndings()
    await follow(server.url)
    return [login, other, admin].map(({ access_token }) => isVoid({}, decodeClaims(access_token)))
  }
  assert.deepEqual(await judge(), [false, false, false])
  await logOut(server, login.refresh_token)
  await changeRole(server.ctx, { user: { ...admin.user, role: 'user' }, role: 'admin', origin })
  assert.deepEqual(await judge(), [true, false, true])
  assert.equal(isVoid({}, decodeClaims((await logIn(server, admin.user.email)).access_token)), false)
  await endEverySession(server.ctx, { origin })
  assert.deepEqual(await judge(), [true, true, true])
  server.advanceClock({ seconds: 1 })
  assert.equal(isVoid({}, decodeClaims((await logIn(server, other.user.email)).access_token)), false)
})
