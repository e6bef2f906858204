import { isWellFormed } from '../crypto/passwords.ts'
import { COMMON_PASSWORDS } from './common-passwords.ts'
import type { Settings } from './context.ts'

const LEAST_CHARACTERS = 8

/** What is wrong with a new password, in the wording of Rails validations; nothing when it will do. */
export function passwordComplaints(
  settings: Pick<Settings, 'passwordMaxBytes' | 'refuseCommonPasswords'>,
  password: string,
): string[] {
  if (password === '') return ["can't be blank"]
  if (!isWellFormed(password)) return ['is invalid']
  const complaints: string[] = []
  if ([...password].length < LEAST_CHARACTERS)
    complaints.push(`is too short (minimum is ${LEAST_CHARACTERS} characters)`)
  const { passwordMaxBytes } = settings
  if (passwordMaxBytes !== null && Buffer.byteLength(password) > passwordMaxBytes) {
    complaints.push(`is too long (maximum is ${passwordMaxBytes} bytes)`)
  }
  if (settings.refuseCommonPasswords && COMMON_PASSWORDS.has(password.toLowerCase())) complaints.push('is too common')
  return complaints
}
