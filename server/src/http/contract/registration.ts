import type { Contract } from './contract.ts'
import { standard } from './standard.ts'

/** Registration: the validation errors of a sign-up are worded as in Rails. */
export const registration: Contract = {
  ...standard,
  validationBody: (errors) => ({ message: 'Something went wrong', errors }),
  schemas: { error: 'ApiError', validation: 'InvalidRegistration' },
}
