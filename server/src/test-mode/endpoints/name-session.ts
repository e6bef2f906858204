import type { Context } from '../../auth/context/context.ts'
import { readRefreshToken } from '../../crypto/tokens/refresh-token.ts'
import { isUuid } from '../../crypto/tokens/uuid.ts'

/** Returns the id of the session that a text names: by its id, or by one of its tokens. Null if it names none. */
export function sessionIdOf({ tokens }: Pick<Context, 'tokens'>, text: string): string | null {
  if (isUuid(text)) return text.toLowerCase()
  const [, payload = '', signature] = text.split('.')
  if (signature === undefined) return readRefreshToken(tokens.refreshKeys, text)?.sessionId ?? null
  try {
    const { sid } = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return typeof sid === 'string' && isUuid(sid) ? sid : null
  } catch {
    return null
  }
}
