import { base64url } from 'jose'

/** Returns what the list calls a session or a user: 22 characters that say nothing about either. */
export async function endingHash(id: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`tessera/ending/v1${id}`))
  return base64url.encode(new Uint8Array(digest, 0, 16))
}
