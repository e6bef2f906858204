import { client } from './client'

const FIELDS: Record<string, string> = { email: 'The email address', password: 'The password' }

/** Registers a user. Returns what is wrong with the fields, or null. */
export async function signUp(email: string, password: string): Promise<string | null> {
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' } }
  const body = JSON.stringify({ user: { email, password } })
  const answer = await client.fetch('/api/v1/users/sign_up', { ...init, body }).catch(() => null)
  if (answer?.ok) return null
  if (answer?.status === 429) return 'There were too many attempts. Try again in a few minutes.'
  const errors = answer?.status === 422 ? ((await answer.json()).errors as Record<string, string[]>) : {}
  const sentences = Object.entries(errors).flatMap(([field, faults]) =>
    faults.map((fault) => `${FIELDS[field] ?? field} ${fault}.`),
  )
  return sentences.join(' ') || 'The server does not answer. Check your connection and try again.'
}
