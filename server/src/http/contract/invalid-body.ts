import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import type { TSchema } from 'typebox'
import type { ValidationErrors } from '../../auth/account/user-fields.ts'

/** A field of a body is absent or of another type than its schema says. */
export class InvalidBody extends Error {
  override readonly name = 'InvalidBody'
  readonly errors: ValidationErrors
  constructor(errors: ValidationErrors) {
    super('invalid body')
    this.errors = errors
  }
}

const BLANK = "can't be blank"
const OF_ANOTHER_TYPE: Record<string, string> = { boolean: 'must be true or false' }
const NO_STRING = 'must be a string'

interface ObjectSchema {
  type?: string
  required?: string[]
  properties?: Record<string, ObjectSchema>
}

/** Words the errors of the schema validator. Needs its `verbose` option, which hands over schema and value. */
export function toInvalidBody(found: FastifySchemaValidationError[]): InvalidBody {
  const errors: ValidationErrors = {}
  for (const error of found as (FastifySchemaValidationError & { parentSchema?: ObjectSchema; data?: unknown })[]) {
    const schema = error.parentSchema ?? {}
    const path = error.instancePath.split('/').slice(1)
    const missing = error.keyword === 'required' ? String(error.params['missingProperty']) : null
    if (missing !== null) {
      for (const field of leaves(missing, schema.properties?.[missing])) errors[field] = [BLANK]
    } else if (schema.type === 'object') {
      for (const field of leaves('body', schema)) errors[field] = [BLANK]
    } else {
      errors[path.at(-1) ?? 'body'] = [isBlank(error.data) ? BLANK : (OF_ANOTHER_TYPE[schema.type ?? ''] ?? NO_STRING)]
    }
  }
  return new InvalidBody(errors)
}

/** The fields that are missing when a whole object is. */
function leaves(name: string, schema: ObjectSchema | undefined): string[] {
  if (schema?.type !== 'object') return [name]
  // Where none is required, one of them is, in a way that no schema says.
  const names = schema.required ?? Object.keys(schema.properties ?? {})
  return names.flatMap((inner) => leaves(inner, schema.properties?.[inner]))
}

/** The errors of bodies in which one required field is missing, one for each field. */
export function missingFields(schema: TSchema): InvalidBody[] {
  return leaves('body', schema as ObjectSchema).map((field) => new InvalidBody({ [field]: [BLANK] }))
}

function isBlank(value: unknown): boolean {
  return value === null || value === undefined || value === ''
}
