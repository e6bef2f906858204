import { login, logout, me, refresh } from '../generated/body/hey-api/index.ts'
import type { Call } from './call.ts'

export const call: Call = async ({ email, password }) => {
  const { data: tokens } = await login({ body: { email, password }, throwOnError: true })
  const { data: renewed } = await refresh({
    headers: { 'Idempotency-Key': crypto.randomUUID() },
    body: { refresh_token: tokens.refresh_token },
    throwOnError: true,
  })
  const { data } = await me({ auth: renewed.access_token, throwOnError: true })
  await logout({ body: { refresh_token: renewed.refresh_token }, throwOnError: true })
  return data.user.email
}
