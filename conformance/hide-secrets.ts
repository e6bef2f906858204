const SECRET_FIELD = /("[^"]*(?:token|password|secret|key)[^"]*"\s*:\s*")(?!\(\d+ characters\)")((?:[^"\\]|\\.)*)/gi
const LONG_WORD = /[\w.~+-]{32,}=*/g

/** Replaces tokens and passwords by their lengths, so that a report can be shared. Applying it twice changes nothing. */
export function hideSecrets(text: string, serviceKey?: string): string {
  const withoutKey = serviceKey ? text.replaceAll(serviceKey, lengthOf) : text
  return withoutKey
    .replaceAll(SECRET_FIELD, (_match, field: string, value: string) => field + lengthOf(value))
    .replaceAll(LONG_WORD, lengthOf)
}

function lengthOf(secret: string): string {
  return `(${secret.length} characters)`
}
