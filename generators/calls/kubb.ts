import { setConfig } from '../generated/body/kubb/.kubb/fetch.ts'
import { login, logout, me, refresh } from '../generated/body/kubb/index.ts'
import type { Call } from './call.ts'

export const call: Call = async ({ email, password }) => {
  setConfig({ headers: { 'Content-Type': 'application/json' } }) // its client names no type
  const tokens = await login({ email, password })
  const renewed = await refresh({ refresh_token: tokens.refresh_token }, { 'Idempotency-Key': crypto.randomUUID() })
  const { user } = await me({ headers: { authorization: `Bearer ${renewed.access_token}` } })
  await logout({ refresh_token: renewed.refresh_token })
  return user.email
}
