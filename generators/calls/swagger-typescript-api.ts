import { Api } from '../generated/body/swagger-typescript-api/api.ts'
import type { Call } from './call.ts'

export const call: Call = async ({ email, password }) => {
  const { api } = new Api()
  const { data: tokens } = await api.login({ email, password })
  const headers = { 'Idempotency-Key': crypto.randomUUID() }
  const { data: renewed } = await api.refresh({ refresh_token: tokens.refresh_token }, { headers })
  const { data } = await api.me({ headers: { authorization: `Bearer ${renewed.access_token}` } })
  await api.logout({ refresh_token: renewed.refresh_token })
  return data.user.email
}
