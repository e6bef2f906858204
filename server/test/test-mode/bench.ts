import { after } from 'node:test'
import type { TestServer } from '../../bin/testing.d.ts'
import { startTestServer } from '../../src/test-mode/server/start-test-server.ts'
import { type Answer, type RequestOptions, send } from '../support/server.ts'

type Options = NonNullable<Parameters<typeof startTestServer>[0]>

export interface BenchServer extends TestServer {
  /** Calls a path below `/test/` with the admin key. */
  test(path: string, body?: unknown, options?: RequestOptions): Promise<Answer>
  post(path: string, body: unknown, options?: RequestOptions): Promise<Answer>
  get(path: string, options?: RequestOptions): Promise<Answer>
  /** Creates a user and signs them in. */
  signIn(fields?: object): Promise<{ user: { id: number; guid: string; email: string }; tokens: Tokens }>
  refresh(refreshToken: string, attempt?: string): Promise<Answer>
}

export interface Tokens {
  access_token: string
  refresh_token: string
}

/** Starts a server in test mode and stops it after the tests of the file. */
export async function startBench(options: Options = {}): Promise<BenchServer> {
  const server = await startTestServer(options)
  after(() => server.stop())
  const init = (body: unknown) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const post = (path: string, body: unknown, given?: RequestOptions) => send(server.url + path, init(body), given)
  const test = (path: string, body: unknown = {}, given: RequestOptions = {}) =>
    post(`/test/${path}`, body, { bearer: server.adminKey, ...given })
  return {
    ...server,
    post,
    test,
    get: (path, given) => send(server.url + path, { method: 'GET' }, given),
    async signIn(fields = {}) {
      const user = (await test('users', fields)).body.users[0]
      const { body } = await test('sessions', { user: user.email })
      return { user, tokens: body }
    },
    refresh: (refresh_token, attempt) =>
      post(
        '/api/v1/auth/refresh',
        { refresh_token },
        attempt === undefined ? {} : { headers: { 'idempotency-key': attempt } },
      ),
  }
}
