import createClient from 'openapi-fetch'
import type { components, paths } from '../generated/cookie/openapi-typescript/api.ts'
import type { Call } from './call.ts'

/** Compiles only while the answer of a login has no refresh token beside the cookie. */
const hasNoToken: 'refresh_token' extends keyof components['schemas']['LoginResponse'] ? never : true = true

export const call: Call = async ({ url, email, password }) => {
  const client = createClient<paths>({ baseUrl: url })
  const login = await client.POST('/api/v1/auth/login', { body: { email, password, cookie: hasNoToken } })
  if (!login.data) throw new Error(login.error.error.message)
  const cookie = login.response.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ')
  const refresh = await client.POST('/api/v1/auth/refresh', { headers: { cookie } })
  if (!refresh.data) throw new Error(refresh.error.error.message)
  const me = await client.GET('/api/v1/auth/me', {
    headers: { authorization: `Bearer ${refresh.data.access_token}` },
  })
  await client.POST('/api/v1/auth/logout', { headers: { cookie } })
  return me.data?.user.email
}
