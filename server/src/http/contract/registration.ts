import type { Contract } from './contract.ts'
import { standard } from './standard.ts'

/** Registration: a sign-up that is not valid is answered as Rails words it. */
export const registration: Contract = {
  ...standard,
  validationBody: (errors) => ({ message: 'Something went wrong', errors }),
  schemas: { error: 'ApiError', validation: 'InvalidRegistration' },
}
