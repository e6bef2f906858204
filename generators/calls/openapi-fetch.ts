import createClient from 'openapi-fetch'
import type { paths } from '../generated/body/openapi-typescript/api.ts'
import type { Call } from './call.ts'

export const call: Call = async ({ url, email, password }) => {
  const client = createClient<paths>({ baseUrl: url })
  const login = await client.POST('/api/v1/auth/login', { body: { email, password } })
  if (!login.data) throw new Error(login.error.error.message)
  const refresh = await client.POST('/api/v1/auth/refresh', {
    params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
    body: { refresh_token: login.data.refresh_token },
  })
  if (!refresh.data) throw new Error(refresh.error.error.message)
  const me = await client.GET('/api/v1/auth/me', {
    headers: { authorization: `Bearer ${refresh.data.access_token}` },
  })
  await client.POST('/api/v1/auth/logout', { body: { refresh_token: refresh.data.refresh_token } })
  return me.data?.user.email
}
