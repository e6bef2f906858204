import { UniqueViolation } from '../../storage/database/errors.ts'

/** The error messages of each field, in the wording of Rails validations. */
export type ValidationErrors = Record<string, string[]>

export const TAKEN = 'has already been taken'

const MAX_NAME_CHARACTERS = 100

/** Validates a first or last name; a missing one is valid. */
export function validateName(name: string | null): string[] {
  if (name === null) return []
  if (!name.isWellFormed() || /\p{Cc}/u.test(name)) return ['is invalid']
  return name.length > MAX_NAME_CHARACTERS ? [`is too long (maximum is ${MAX_NAME_CHARACTERS} characters)`] : []
}

/**
 * Turns a unique violation into the validation error of its field.
 *
 * @param fields the fields that must be unique
 * @throws any other error as it is
 */
export function takenFieldError(error: unknown, fields: readonly string[]): ValidationErrors {
  const field = error instanceof UniqueViolation ? error.column.replace('users.', '') : ''
  if (!fields.includes(field)) throw error
  return { [field]: [TAKEN] }
}

/** Leaves out the fields that have no errors. */
export function withoutEmpty(errors: ValidationErrors): ValidationErrors {
  return Object.fromEntries(Object.entries(errors).filter(([, messages]) => messages.length > 0))
}
