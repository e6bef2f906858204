import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSetCookie } from 'cookie'
import sql from 'sql-template-tag'
import { decodeClaims, me, PASSWORD, signUp } from '../support/users.ts'
import { bundle, folderOf, printed } from './recipe.ts'
import { FAULTS, type Stage, startStage } from './stage.ts'

// Without its types, which bring those of browsers into this project; types.test.ts compiles the printed file with them.
const { Auth } = (await import('@auth/core' as string)) as { Auth(request: Request, config: object): Promise<Response> }

const APP = 'https://app.example'

/** A browser's cookies, and its requests to Auth.js in the application. */
class Visitor {
  cookies = new Map<string, string>()
  readonly #config: object

  constructor(config: object) {
    this.#config = config
  }

  async ask(path: string, form?: Record<string, string>): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { cookie, 'x-forwarded-for': '203.0.113.9' }
    const body = form && { method: 'POST', body: new URLSearchParams(form) }
    const answer = await Auth(new Request(`${APP}/auth/${path}`, { headers, ...body }), this.#config)
    for (const line of answer.headers.getSetCookie()) {
      const { name, value, maxAge, expires } = parseSetCookie(line)
      if (!value || maxAge === 0 || (expires && expires.getTime() < Date.now())) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return answer
  }

  async csrfToken(): Promise<string> {
    return ((await (await this.ask('csrf')).json()) as { csrfToken: string }).csrfToken
  }

  async logIn(email: string, password = PASSWORD): Promise<void> {
    await this.ask('callback/credentials', { csrfToken: await this.csrfToken(), email, password })
  }

  /** The access token of the session; undefined if signed out. */
  async accessToken(): Promise<string | undefined> {
    return ((await (await this.ask('session')).json()) as { accessToken?: string } | null)?.accessToken
  }
}

async function startVisit(settings: Record<string, string> = {}) {
  const stage = await startStage({ REFRESH_TOKEN_ROTATION: 'strict', ...settings })
  const { email } = await signUp(stage.server)
  const clock = { shift: 0 }
  Object.assign(globalThis, { clockOfAuthJs: () => Date.now() + clock.shift })
  const code = printed('clients/auth-js.md', 'auth.ts')
    .replace('http://localhost:3000', stage.auth)
    .replaceAll('Date.now()', 'globalThis.clockOfAuthJs()')
  const { config } = (await import(await bundle(folderOf({ 'entry.ts': code }), 'node'))) as { config: object }
  const logged: Error[] = []
  const logger = { error: (error: Error) => void logged.push(error) }
  const visitor = new Visitor({ ...config, secret: 'a secret of the application', trustHost: true, logger })
  const advance = (seconds: number) => {
    clock.shift += seconds * 1000
    stage.server.advanceClock({ seconds })
  }
  const expire = () => advance(901)
  return { stage, email, visitor, advance, expire, logged }
}

async function emailOf({ server }: Stage, token: string | undefined): Promise<string> {
  return (await me(server, String(token))).body.user?.email
}

async function newestGeneration({ server }: Stage): Promise<number | undefined> {
  const rows = await server.rows<{ generation: number }>(sql`select max(generation) as generation from refresh_tokens`)
  return rows[0]?.generation
}

test('Auth.js: requests at once refresh once, and a cookie that is lost for hours loses no session', async () => {
  const { stage, email, visitor, advance, expire } = await startVisit()
  await visitor.logIn(email)
  assert.equal(await emailOf(stage, await visitor.accessToken()), email)
  assert.equal(stage.refreshes.length, 0)

  expire()
  const tokens = await Promise.all(Array.from({ length: 5 }, () => visitor.accessToken()))
  for (const token of tokens) assert.equal(await emailOf(stage, token), email)
  assert.equal(await newestGeneration(stage), 1)

  // Server components cannot set cookies: each rendering refreshes with the token of before.
  for (let rendering = 1; rendering <= 3; rendering += 1) {
    advance(3600)
    const { cookies } = visitor
    visitor.cookies = new Map(cookies)
    assert.equal(await emailOf(stage, await visitor.accessToken()), email)
    visitor.cookies = cookies
    assert.equal(await newestGeneration(stage), 2)
  }
  assert.equal(await emailOf(stage, await visitor.accessToken()), email)
  expire()
  assert.equal(await emailOf(stage, await visitor.accessToken()), email)
  assert.equal(await newestGeneration(stage), 3)
})

test('Auth.js: no fault ends the session; a verdict and a logout do', async () => {
  const { stage, email, visitor, expire } = await startVisit()
  await visitor.logIn(email, 'wrong')
  assert.equal(await visitor.accessToken(), undefined)
  await visitor.logIn(email)
  for (const fault of FAULTS) {
    expire()
    const before = await newestGeneration(stage)
    stage.fault.each = fault
    assert.ok(await visitor.accessToken(), fault)
    stage.fault = {}
    assert.equal(await emailOf(stage, await visitor.accessToken()), email, fault)
    assert.equal(await newestGeneration(stage), Number(before) + 1)
  }

  const token = await visitor.accessToken()
  await visitor.ask('signout', { csrfToken: await visitor.csrfToken() })
  assert.equal(await visitor.accessToken(), undefined)
  assert.equal((await me(stage.server, String(token))).status, 401, 'the session ended at the server, too')

  await visitor.logIn(email)
  const bearer = (await visitor.accessToken()) ?? ''
  await stage.server.delete(`/api/v1/users/${decodeClaims(bearer)['sub']}`, { bearer })
  expire()
  assert.equal(await visitor.accessToken(), undefined, 'ended elsewhere')
  assert.equal(visitor.cookies.has('__Secure-authjs.session-token'), false)
})

test('Auth.js: limits count a login by the address of the user', async () => {
  const { stage, email, visitor } = await startVisit({ TRUSTED_PROXIES: '127.0.0.1', REQUIRE_HTTPS: 'off' })
  await visitor.logIn(email)
  const logins = stage.server.logs.filter(({ path }) => path === '/api/v1/auth/login')
  assert.deepEqual(
    logins.map(({ ip }) => ip),
    ['203.0.113.9'],
  )
})
