import type { Answer, TestServer } from '../support/server.ts'
import { send } from '../support/server.ts'

/** Keys of services that own these scopes each, and nothing else. */
export const KEYS = {
  introspect: 'd40c93e7f5a1482b9e6d17c8a2530bf4+/==',
  pairs: 'b1f0a7c52e9d4836a4c1e7d2905b8f63',
}
export const SERVICE_KEYS = `orders:introspect:${KEYS.introspect},billing:pairs:${KEYS.pairs}`

export const BEARER = { authorization: `Bearer ${KEYS.introspect}` }

/** Posts a form as it is. */
export function postForm(
  server: Pick<TestServer, 'url'>,
  path: string,
  form: string | Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString()
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return send(server.url + path, { method: 'POST', body }, { headers: { ...type, ...headers } })
}

export const introspect = (server: Pick<TestServer, 'url'>, token: string, headers: Record<string, string> = BEARER) =>
  postForm(server, '/oauth/introspect', { token }, headers)

export const revoke = (server: Pick<TestServer, 'url'>, token: string) => postForm(server, '/oauth/revoke', { token })

/** A Basic header with these bytes after the scheme. */
export const basic = (credentials: string) => ({
  authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
})
