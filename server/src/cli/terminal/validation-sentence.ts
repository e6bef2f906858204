import type { ValidationErrors } from '../../auth/account/user-fields.ts'

/** Returns one sentence with the first error of each field. */
export function validationSentence(errors: ValidationErrors): string {
  const parts = Object.entries(errors).map(
    ([field, [first]]) => `${field === 'guid' ? 'GUID' : field.replaceAll('_', ' ')} ${first}`,
  )
  const all = parts.join('; ')
  return `${all.charAt(0).toUpperCase()}${all.slice(1)}.`
}
