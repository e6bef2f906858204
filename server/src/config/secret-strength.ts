const MIN_BYTES = 64
const MIN_DISTINCT_CHARACTERS = 10

/** Secrets that can be read in the documents which people copy their settings from. */
const DOCUMENTED = ['your_secret_key_here_change_this_in_production', 'change_this', 'changeme', 'your_secret']

/** What is wrong with a signing secret, to follow its name in a sentence; null when nothing is. */
export function checkProductionSecret(secret: string): string | null {
  if (DOCUMENTED.some((documented) => secret.toLowerCase().includes(documented))) return 'is one from the documentation'
  if (Buffer.byteLength(secret) < MIN_BYTES) return `is shorter than ${MIN_BYTES} bytes`
  if (new Set(secret).size < MIN_DISTINCT_CHARACTERS || isRepetition(secret)) return 'repeats itself'
  if (/[,\s]/.test(secret)) return 'contains a comma or white space, so that JWT_PREVIOUS_SECRET_KEYS could not list it'
  return null
}

/** Whether the text is a shorter one written several times over. */
function isRepetition(text: string): boolean {
  return (text + text).indexOf(text, 1) < text.length
}
