import { UniqueViolation } from '../../storage/database/errors.ts'

/** Field -> sentences in the wording of Rails validations. */
export type ValidationErrors = Record<string, string[]>

export const TAKEN = 'has already been taken'

const MAX_NAME_CHARACTERS = 100

/** Whether a first or last name will do; no error for none. */
export function validateName(name: string | null): string[] {
  if (name === null) return []
  if (!name.isWellFormed() || /\p{Cc}/u.test(name)) return ['is invalid']
  return name.length > MAX_NAME_CHARACTERS ? [`is too long (maximum is ${MAX_NAME_CHARACTERS} characters)`] : []
}

/**
 * Names the field whose value another user has.
 *
 * @param fields that may be taken
 * @throws the error itself when it is another one
 */
export function takenFieldError(error: unknown, fields: readonly string[]): ValidationErrors {
  const field = error instanceof UniqueViolation ? error.column.replace('users.', '') : ''
  if (!fields.includes(field)) throw error
  return { [field]: [TAKEN] }
}
