import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import type { TSchema } from 'typebox'
import type { ValidationErrors } from '../../auth/account/user-fields.ts'

/** A field of a body is missing or has the wrong type. */
export class InvalidBody extends Error {
  override readonly name = 'InvalidBody'
  readonly errors: ValidationErrors
  constructor(errors: ValidationErrors) {
    super('invalid body')
    this.errors = errors
  }
}

const BLANK = "can't be blank"
const WRONG_TYPE: Record<string, string> = { boolean: 'must be true or false' }
const NOT_A_STRING = 'must be a string'

interface ObjectSchema {
  type?: string
  required?: string[]
  properties?: Record<string, ObjectSchema>
}

/** Converts the errors of the schema validator. Needs its `verbose` option, which adds the schema and the value. */
export function toInvalidBody(validatorErrors: FastifySchemaValidationError[]): InvalidBody {
  const errors: ValidationErrors = {}
  for (const error of validatorErrors as (FastifySchemaValidationError & {
    parentSchema?: ObjectSchema
    data?: unknown
  })[]) {
    const schema = error.parentSchema ?? {}
    const path = error.instancePath.split('/').slice(1)
    const missing = error.keyword === 'required' ? String(error.params['missingProperty']) : null
    if (missing !== null) {
      for (const field of leaves(missing, schema.properties?.[missing])) errors[field] = [BLANK]
    } else if (error.keyword === 'enum') {
      errors[path.at(-1) ?? 'body'] = [`must be ${(error.params['allowedValues'] as string[]).join(' or ')}`]
    } else if (schema.type === 'object') {
      for (const field of leaves('body', schema)) errors[field] = [BLANK]
    } else {
      errors[path.at(-1) ?? 'body'] = [isBlank(error.data) ? BLANK : (WRONG_TYPE[schema.type ?? ''] ?? NOT_A_STRING)]
    }
  }
  return new InvalidBody(errors)
}

/** Lists the fields that are missing when a whole object is missing. */
function leaves(name: string, schema: ObjectSchema | undefined): string[] {
  if (schema?.type !== 'object') return [name]
  // If no field is required, any of them would do, which the schema cannot express.
  // A list of sentences is never called `code`, by which programs tell refusals apart.
  const names = schema.required ?? Object.keys(schema.properties ?? {}).filter((key) => key !== 'code')
  return names.flatMap((inner) => leaves(inner, schema.properties?.[inner]))
}

/** Builds the errors of bodies that lack one required field, one error for each field. */
export function missingFields(schema: TSchema): InvalidBody[] {
  return leaves('body', schema as ObjectSchema).map((field) => new InvalidBody({ [field]: [BLANK] }))
}

function isBlank(value: unknown): boolean {
  return value === null || value === undefined || value === ''
}
