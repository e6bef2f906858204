import { isWellFormed } from '../../crypto/hashing/passwords.ts'
import { fold } from '../../text/fold.ts'
import type { Settings } from '../context/context.ts'

const MIN_CHARACTERS = 8
/** Shorter words are part of too many good passwords. */
const MIN_WORD_CHARACTERS = 4
const MIN_REMAINING_CHARACTERS = 5

/** The user's own data, which an attacker would try first. */
export interface PasswordOwner {
  email: string
  firstName: string | null
  lastName: string | null
}

/** Returns the validation errors of a new password, in the wording of Rails validations. */
export async function validatePassword(
  settings: Pick<Settings, 'passwordMaxBytes' | 'refuseGuessablePasswords' | 'productWords'>,
  password: string,
  owner: PasswordOwner,
): Promise<string[]> {
  if (password === '') return ["can't be blank"]
  if (!isWellFormed(password)) return ['is invalid']
  const errors: string[] = []
  if ([...password].length < MIN_CHARACTERS) errors.push(`is too short (minimum is ${MIN_CHARACTERS} characters)`)
  const { passwordMaxBytes } = settings
  if (Buffer.byteLength(password) > passwordMaxBytes) errors.push(`is too long (maximum is ${passwordMaxBytes} bytes)`)
  if (!settings.refuseGuessablePasswords || errors.length > 0) return errors
  if (isMadeOf(password, [...wordsOf(owner), ...settings.productWords].flatMap(formsOf)))
    return ['is too similar to your address or name']
  // Loaded when the first password is set: the lists take a tenth of a second.
  const { isCommonPassword } = await import('./common-passwords.ts')
  return isCommonPassword(password) ? ['is too common'] : []
}

function wordsOf({ email, firstName, lastName }: PasswordOwner): string[] {
  return [email, ...email.split('@'), firstName ?? '', lastName ?? '']
}

/** A name of several words, the words together, and each of them: `Ann Marie`, `AnnMarie`, `Marie`. */
function formsOf(name: string): string[] {
  const words = name.split(/[^\p{L}\p{N}]+/u)
  return [name, words.join(''), ...words]
}

/** Whether little is left of a password without these words, and without the digits and signs at its ends. */
function isMadeOf(password: string, words: readonly string[]): boolean {
  const folded = fold(password)
  let rest = folded
  // Longer words first: `ann.example.com` before `example`.
  for (const word of words.map(fold).toSorted((a, b) => b.length - a.length))
    if (word.length >= MIN_WORD_CHARACTERS) rest = rest.replaceAll(word, '')
  if (rest === folded) return false
  return rest.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '').length < MIN_REMAINING_CHARACTERS
}
