import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { launchBrowser, noBrowser } from '../support/browser.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { logIn, logOut, me, PASSWORD, refresh, signUp } from '../support/users.ts'
import { openTab, servePage } from './client-page.ts'
import { bundle, folderOf, printed } from './recipe.ts'
import { FAULTS, type Stage, startStage } from './stage.ts'

const browser = noBrowser ? null : await launchBrowser()

interface Client {
  login(email: string, password: string): Promise<{ email: string }>
  accessToken(refused?: string | null): Promise<string | null>
  logout(): Promise<void>
}

/** A keychain in memory in place of the phone's; it outlives the program. */
interface Keychain {
  items: Map<string, string>
  options: object[]
}

const EXPO = {
  'node_modules/expo-crypto/index.js': 'export const randomUUID = () => crypto.randomUUID()',
  'node_modules/expo-secure-store/index.js': `
    export const AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY = 3
    const keychain = (options) => (globalThis.keychain.options.push(options), globalThis.keychain.items)
    export const getItemAsync = async (key, options) => keychain(options).get(key) ?? null
    export const setItemAsync = async (key, value, options) => void keychain(options).set(key, value)
    export const deleteItemAsync = async (key, options) => void keychain(options).delete(key)`,
}

function sessionFiles(stage: Stage, heading: string): Record<string, string> {
  return {
    'session.ts': printed('clients/apps.md', 'session.ts').replace('http://localhost:3000', stage.auth),
    'store.ts': printed('clients/apps.md', 'store.ts', heading),
    'entry.ts': "export * from './session'",
  }
}

/** Starts the printed program; started again, it has nothing but what its store kept. */
async function startProgram(stage: Stage, heading: string, home = '.'): Promise<Client> {
  const files = sessionFiles(stage, heading)
  if (heading === 'React Native') Object.assign(files, EXPO)
  files['store.ts'] = files['store.ts']?.replace('homedir()', JSON.stringify(home)) ?? ''
  return import(await bundle(folderOf(files), heading === 'React Native' ? 'browser' : 'node'))
}

async function emailOf({ server }: Stage, token: string | null): Promise<string> {
  return (await me(server, String(token))).body.user?.email
}

/** Asks for a new access token as a library does whose token was refused. */
const renew = async (client: Client) => client.accessToken(await client.accessToken())

async function newestGeneration({ server }: Stage): Promise<number | undefined> {
  const rows = await server.rows<{ generation: number }>(sql`select max(generation) as generation from refresh_tokens`)
  return rows[0]?.generation
}

for (const heading of ['React Native', 'Node.js and desktop']) {
  test(`${heading}: the session survives restarts and a lost answer, for days, and refreshes once for many calls`, async (t) => {
    if (heading === 'React Native') t.mock.getter(Navigator.prototype, 'locks', () => undefined) // it has none
    const stage = await startStage({ REFRESH_TOKEN_ROTATION: 'strict' })
    const { email } = await signUp(stage.server)
    const keychain: Keychain = { items: new Map(), options: [] }
    Object.assign(globalThis, { keychain })
    const home = temporaryFolder()
    const start = () => startProgram(stage, heading, home)
    const first = await start()
    assert.equal(await first.accessToken(), null)
    await assert.rejects(first.login(email, 'wrong'), /Invalid email or password/)
    assert.equal((await first.login(email, PASSWORD)).email, email)

    const second = await start()
    stage.expireAccessTokens()
    const refused = await second.accessToken()
    const tokens = await Promise.all(Array.from({ length: 5 }, () => second.accessToken(refused)))
    assert.equal(await emailOf(stage, tokens[0] ?? null), email)
    assert.deepEqual([new Set(tokens).size, stage.refreshes.length, await newestGeneration(stage)], [1, 1, 1])

    stage.expireAccessTokens()
    stage.fault.next = 'lost'
    await assert.rejects(renew(second))
    stage.server.advanceClock({ seconds: 6 * 24 * 3600 })
    const third = await start()
    assert.equal(await emailOf(stage, await renew(third)), email, 'the same key, six days later, in a new process')
    assert.equal(await newestGeneration(stage), 2)

    await third.logout()
    assert.equal(await (await start()).accessToken(), null)
    assert.deepEqual([...keychain.items], [])
    for (const options of keychain.options) assert.deepEqual(options, { keychainAccessible: 3 })
  })
}

test('the stored session ends with 401 only, and a logout is local first and wins over a refresh under way', async () => {
  const stage = await startStage()
  const { email } = await signUp(stage.server)
  const home = temporaryFolder()
  const client = await startProgram(stage, 'Node.js and desktop', home)
  const file = join(home, '.my-app-session')
  await client.login(email, PASSWORD)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const before = readFileSync(file, 'utf8')
  for (const fault of FAULTS) {
    stage.fault.each = fault
    await assert.rejects(renew(client))
    assert.equal(readFileSync(file, 'utf8'), before, fault)
  }
  stage.fault = {}

  const { promise, resolve } = Promise.withResolvers<void>()
  stage.held = promise
  const arrived = stage.refreshes.length + 1
  const late = renew(client)
  while (stage.refreshes.length < arrived) await new Promise(setImmediate)
  await client.logout()
  resolve()
  assert.equal(await late, null, 'no late answer signs in again')
  assert.equal(await client.accessToken(), null)
  const { refresh_token } = JSON.parse(before) as { refresh_token: string }
  assert.equal((await refresh(stage.server, refresh_token)).status, 401, 'the session ended at the server, too')

  await client.login(email, PASSWORD)
  const refused = await client.accessToken()
  await logOut(stage.server, JSON.parse(readFileSync(file, 'utf8')).refresh_token)
  assert.equal(await client.accessToken(refused), null, 'ended elsewhere')
})

test('a refused login rejects with the details of the refusal', async () => {
  const stage = await startStage({ REQUIRE_VERIFIED_EMAIL: 'on' })
  const { email } = await signUp(stage.server)
  const client = await startProgram(stage, 'Node.js and desktop', temporaryFolder())
  await assert.rejects(client.login(email, PASSWORD), (error: Error & { details: { code: string } }) => {
    return error.details.code === 'email_not_verified'
  })
})

test('the stored session repeats no request as another user', async () => {
  const stage = await startStage()
  const [ann, ben] = [await signUp(stage.server), await signUp(stage.server)]
  const client = await startProgram(stage, 'Node.js and desktop', temporaryFolder())
  const { access_token: old } = await logIn(stage.server, ann.email)
  await client.login(ben.email, PASSWORD)
  assert.equal(await client.accessToken(old), null)
  assert.equal(await emailOf(stage, await client.accessToken()), ben.email)
})

test('tabs that share a stored session refresh at the same time and stay signed in', { skip: noBrowser }, async () => {
  const stage = await startStage({ REFRESH_TOKEN_ROTATION: 'strict' })
  const { email } = await signUp(stage.server)
  assert.ok(browser)
  const profile = await browser.newContext()
  const address = await servePage(sessionFiles(stage, 'A page of another site'))
  const tabs = [await openTab(profile, address), await openTab(profile, address)] as const
  await tabs[0].run(`await client.login('${email}', '${PASSWORD}')`)
  for (let round = 1; round <= 3; round += 1) {
    stage.expireAccessTokens()
    const refused = await tabs[0].run('return client.accessToken()')
    while ((await tabs[1].run('return client.accessToken()')) !== refused) await new Promise(setImmediate)
    const renewed = tabs.map(({ run }) => run(`return client.accessToken('${refused}')`))
    for (const token of await Promise.all(renewed)) assert.equal(await emailOf(stage, String(token)), email)
    // A tab may read what another wrote a moment late, and then presents the same token with the same key.
    assert.equal(await newestGeneration(stage), round)
  }
  await tabs[0].run('await client.logout()')
  assert.equal(await tabs[1].run('return client.accessToken()'), null)
})
