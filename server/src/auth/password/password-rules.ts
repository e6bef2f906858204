import { isWellFormed } from '../../crypto/passwords.ts'
import type { Settings } from '../context/context.ts'
import { COMMON_PASSWORDS } from './common-passwords.ts'

const MIN_CHARACTERS = 8

/** Returns the validation errors of a new password, in the wording of Rails validations. */
export function validatePassword(
  settings: Pick<Settings, 'passwordMaxBytes' | 'refuseCommonPasswords'>,
  password: string,
): string[] {
  if (password === '') return ["can't be blank"]
  if (!isWellFormed(password)) return ['is invalid']
  const errors: string[] = []
  if ([...password].length < MIN_CHARACTERS) errors.push(`is too short (minimum is ${MIN_CHARACTERS} characters)`)
  const { passwordMaxBytes } = settings
  if (passwordMaxBytes !== null && Buffer.byteLength(password) > passwordMaxBytes) {
    errors.push(`is too long (maximum is ${passwordMaxBytes} bytes)`)
  }
  if (settings.refuseCommonPasswords && COMMON_PASSWORDS.has(password.toLowerCase())) errors.push('is too common')
  return errors
}
