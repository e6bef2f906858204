import type { ValidationErrors } from '../../auth/account/user-fields.ts'
import type { AuthErrorCode } from '../../auth/context/auth-error.ts'

/** One of the published contracts: how its endpoints refuse. Each has a file of its own beside this one. */
export interface Contract {
  /** Status and sentence of everything that the rules may refuse. */
  refusals: Record<AuthErrorCode, readonly [status: number, sentence: string]>
  /** The body of an error of any status. */
  errorBody(message: string, details: object): object
  /** The body of a 422. */
  validationBody(errors: ValidationErrors): object
  /** The schemas of these bodies in the API's description. */
  schemas: { error: ErrorSchema; validation: ErrorSchema }
}

export type ErrorSchema = 'ApiError' | 'PairError' | 'InvalidRegistration'
