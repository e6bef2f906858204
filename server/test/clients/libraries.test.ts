import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noBrowser, openBrowser } from '../support/browser.ts'
import { PASSWORD, signUp } from '../support/users.ts'
import { openTab, servePage } from './client-page.ts'
import { DRIVERS, NUXT } from './drivers.ts'
import { type GuardedApi, startGuardedApi } from './guarded-api.ts'
import { bundle, folderOf, printed } from './recipe.ts'
import { FAULTS, type Stage, startStage } from './stage.ts'

const STORE = `
  let text: string | null = null
  export const load = async () => text
  export const save = async (value: string | null) => void (text = value)
  export const newKey = () => crypto.randomUUID()`

/** Evaluates code in the client: `client` has the session and all libraries by name. */
type Run = (code: string) => Promise<unknown>

/** Puts all printed libraries around one of the two printed sessions. */
function clientFiles(stage: Stage, api: GuardedApi, session: Record<string, string>): Record<string, string> {
  const entry = ["export * as session from './session'"]
  const files: Record<string, string> = {
    'request.ts': printed('clients.md', 'request.ts'),
    ...session,
    'nuxt.ts': NUXT,
  }
  for (const [name, driver] of Object.entries(DRIVERS)) {
    const module = name.toLowerCase().replaceAll(' ', '-')
    files[`driver-${module}.ts`] =
      `const at = (path: string) => new URL(path, 'http://localhost:3000').href\n${driver.code}`
    entry.push(`export * as ${module.replaceAll('-', '_')} from './driver-${module}'`)
    for (const file of driver.files) files[file] = printed('clients/libraries.md', file)
  }
  for (const [name, code] of Object.entries(files)) {
    files[name] = code
      .replace("'http://localhost:3000/api/v1/auth'", `'${stage.auth}/api/v1/auth'`)
      .replaceAll('http://localhost:3000', api.url)
      .replace('../session/request', '../request')
  }
  return { ...files, 'entry.ts': entry.join('\n') }
}

async function runInBrowser(stage: Stage, api: GuardedApi): Promise<Run> {
  const page = await servePage(clientFiles(stage, api, { 'session.ts': printed('clients.md', 'session.ts') }))
  return (await openTab(await openBrowser(), page)).run
}

async function runInNode(stage: Stage, api: GuardedApi): Promise<Run> {
  const session = { 'session.ts': printed('clients/apps.md', 'session.ts'), 'store.ts': STORE }
  const client = await import(await bundle(folderOf(clientFiles(stage, api, session)), 'node'))
  return (code) => new Function('client', `return (async () => { ${code} })()`)(client)
}

const ME = '/api/v1/auth/me'

for (const [place, start, skip] of [
  ['a page with a cookie', runInBrowser, noBrowser],
  ['a program with a store', runInNode, false],
] as const) {
  test(`in ${place}, each library refreshes once, repeats once, stays signed in through outages, and logs out`, {
    skip,
  }, async (t) => {
    const stage = await startStage({ REFRESH_TOKEN_ROTATION: 'strict' })
    const api = await startGuardedApi(stage)
    const other = await startGuardedApi(stage)
    const { email } = await signUp(stage.server)
    const run = await start(stage, api)
    for (const name of Object.keys(DRIVERS)) {
      const library = `client.${name.toLowerCase().replaceAll(' ', '_')}`
      const read = (path = ME) => run(`return (await ${library}.read('${path}')).user.email`)
      const write = (path = '/orders') => run(`return (await ${library}.write('${path}', { text: 'é' })).order.text`)
      await t.test(name, async () => {
        await run(`await client.session.login('${email}', '${PASSWORD}')`)
        assert.equal(await read(), email)

        stage.expireAccessTokens()
        stage.refreshes.length = 0
        assert.deepEqual(await Promise.all([read(), write(), read(), write()]), [email, 'é', email, 'é'])
        assert.equal(stage.refreshes.length, 1, 'one refresh for all calls')

        stage.expireAccessTokens()
        for (const fault of FAULTS) {
          stage.fault.each = fault
          await assert.rejects(write())
        }
        stage.fault = {}
        assert.equal(await write(), 'é', 'still signed in after an outage')

        api.requests.length = 0
        await assert.rejects(read('/closed'), /401/)
        assert.equal(api.requests.length, 2, 'an API that refuses every token is asked twice')

        if (name !== 'Apollo') {
          api.requests.length = 0
          await assert.rejects(write('/broken'), /500/)
          assert.equal(api.requests.length, 1, 'no other error is repeated')
        }

        await read(`${other.url}/me`).catch(() => null)
        assert.ok(
          other.requests.every(({ token }) => token === null),
          'no other origin gets the access token',
        )

        await run('await client.session.logout()')
        api.requests.length = 0
        await assert.rejects(read(), /401/)
        assert.deepEqual(api.requests, [{ path: ME, token: null }])
      })
    }
  })
}
