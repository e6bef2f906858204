import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import type { TSchema } from 'typebox'
import type { Complaints } from '../auth/create-user.ts'

/** A field of a body is absent or of another type than its schema says. */
export class InvalidBody extends Error {
  override readonly name = 'InvalidBody'
  readonly complaints: Complaints
  constructor(complaints: Complaints) {
    super('invalid body')
    this.complaints = complaints
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

/** Says in a person's words what the validator found. Needs its `verbose` option, which hands over schema and value. */
export function toInvalidBody(errors: FastifySchemaValidationError[]): InvalidBody {
  const complaints: Complaints = {}
  for (const error of errors as (FastifySchemaValidationError & { parentSchema?: ObjectSchema; data?: unknown })[]) {
    const schema = error.parentSchema ?? {}
    const path = error.instancePath.split('/').slice(1)
    const missing = error.keyword === 'required' ? String(error.params['missingProperty']) : null
    if (missing !== null) {
      for (const field of leaves(missing, schema.properties?.[missing])) complaints[field] = [BLANK]
    } else if (schema.type === 'object') {
      for (const field of leaves('body', schema)) complaints[field] = [BLANK]
    } else {
      complaints[path.at(-1) ?? 'body'] = [
        isBlank(error.data) ? BLANK : (OF_ANOTHER_TYPE[schema.type ?? ''] ?? NO_STRING),
      ]
    }
  }
  return new InvalidBody(complaints)
}

/** The fields that are missing when a whole object is. */
function leaves(name: string, schema: ObjectSchema | undefined): string[] {
  if (schema?.type !== 'object') return [name]
  // Where none is required, one of them is, in a way that no schema says.
  const names = schema.required ?? Object.keys(schema.properties ?? {})
  return names.flatMap((inner) => leaves(inner, schema.properties?.[inner]))
}

/** The complaints about bodies in which one field is missing that must be there, one each. */
export function missingFields(schema: TSchema): InvalidBody[] {
  return leaves('body', schema as ObjectSchema).map((field) => new InvalidBody({ [field]: [BLANK] }))
}

function isBlank(value: unknown): boolean {
  return value === null || value === undefined || value === ''
}

// The pair document knows one sentence for each field, the first that is missing.
const PAIR_COMPLAINTS: Record<string, string> = {
  user_guid: 'Missing GUID',
  access_token: 'Access token is missing',
  refresh_token: 'Refresh token is missing',
}

export function pairComplaint(complaints: Complaints): string {
  const field = Object.keys(PAIR_COMPLAINTS).find((name) => name in complaints)
  return (field && PAIR_COMPLAINTS[field]) ?? 'Invalid request'
}
