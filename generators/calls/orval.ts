import { login, logout, me, refresh } from '../generated/body/orval/api.ts'
import type { Call } from './call.ts'

export const call: Call = async ({ email, password }) => {
  const tokens = await login({ email, password })
  if (tokens.status !== 200) throw new Error(tokens.data.error.message)
  const renewed = await refresh(
    { refresh_token: tokens.data.refresh_token },
    { headers: { 'Idempotency-Key': crypto.randomUUID() } },
  )
  if (renewed.status !== 200) throw new Error(renewed.data.error.message)
  const answer = await me({ headers: { authorization: `Bearer ${renewed.data.access_token}` } })
  if (answer.status !== 200) throw new Error(answer.data.error.message)
  await logout({ refresh_token: renewed.data.refresh_token })
  return answer.data.user.email
}
