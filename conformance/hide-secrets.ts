const SECRET_FIELD = /("[^"]*(?:token|password|secret|key)[^"]*"\s*:\s*")(?!\(\d+ characters\)")((?:[^"\\]|\\.)*)/gi
const LONG_WORD = /[\w.~+-]{32,}=*/g

/** Tokens and passwords are told by their length only: a report is shown to others. Hidden twice is hidden once. */
export function hideSecrets(text: string, serviceKey?: string): string {
  const withoutKey = serviceKey ? text.replaceAll(serviceKey, told) : text
  return withoutKey
    .replaceAll(SECRET_FIELD, (_match, field: string, value: string) => field + told(value))
    .replaceAll(LONG_WORD, told)
}

function told(secret: string): string {
  return `(${secret.length} characters)`
}
