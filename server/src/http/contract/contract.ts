import type { ValidationErrors } from '../../auth/account/user-fields.ts'
import type { AuthErrorCode } from '../../auth/context/auth-error.ts'

/** One of the published contracts: the format of its error responses. Each contract has its own file in this folder. */
export interface Contract {
  /** The status and sentence for every refusal of the rules. */
  refusals: Record<AuthErrorCode, readonly [status: number, sentence: string]>
  /** The body of an error of any status. */
  errorBody(message: string, details: ErrorDetails, status: number): object
  /** The status of a body that lacks a field; 422 unless it is given. */
  validationStatus?: number
  /** The body of such an answer. */
  validationBody(errors: ValidationErrors): object
  /** The schemas of these bodies in the OpenAPI description. */
  schemas: { error: ErrorSchema; validation: ErrorSchema }
}

/** Facts that programs can act on; `code` is stable. */
export type ErrorDetails = Readonly<Record<string, unknown>> & { code?: string }

export type ErrorSchema = 'ApiError' | 'PairError' | 'InvalidRegistration' | 'OAuthError'
