import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Answer, TestServer } from '../server.ts'

export interface Operation {
  operationId: string
  security: object[]
  parameters?: { name: string; schema: object; example?: unknown }[]
  requestBody?: { required: boolean; content: Record<string, { example: object }> }
  responses: Record<
    string,
    {
      content?: {
        'application/json': { schema: object; example?: object; examples?: object }
        'application/jwt'?: object
      }
    }
  >
}

interface NamedSchema {
  properties?: Record<string, object>
  required?: string[]
}

export interface ApiDescription {
  document: {
    openapi: string
    paths: Record<string, Record<string, Operation>>
    components: { schemas: Record<string, NamedSchema> }
  }
  operations: [path: string, method: string, operation: Operation][]
  /** Validates a body against the schema at a JSON pointer of the description; an empty string means valid. */
  validationErrors(pointer: string, body: unknown): string
  /** Throws if the description of an operation does not list the status, or the body does not match its schema. */
  assertDescribed(path: string, method: string, answer: Pick<Answer, 'status' | 'text' | 'body'>): void
}

/** Reads an API description of a running server, to check answers against it. */
export async function apiDescription(server: TestServer, path = '/openapi.json'): Promise<ApiDescription> {
  const document = (await server.get(path)).body as ApiDescription['document']
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [path, method, operation]),
  )
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema(document, 'api')

  function validationErrors(pointer: string, body: unknown): string {
    const validate = ajv.getSchema(`api#${pointer}`)
    assert.ok(validate, `there is no schema at ${pointer}`)
    return validate(body) ? '' : ajv.errorsText(validate.errors)
  }

  return {
    document,
    operations,
    validationErrors,
    assertDescribed(path, method, answer) {
      const operation = operations.find((each) => each[0] === path && each[1] === method)?.[2]
      const response = operation?.responses[answer.status]
      assert.ok(
        response,
        `${method} ${path} answers ${answer.status}, which the description does not list: ${answer.text}`,
      )
      if (answer.text === '') assert.equal(response.content, undefined)
      else if (response.content?.['application/jwt'] && answer.body === null)
        assert.match(answer.text, /^[\w-]+\.[\w-]+\.[\w-]+$/)
      else assert.equal(validationErrors(schemaPointer(path, method, answer.status), answer.body), '', answer.text)
    },
  }
}

/** The JSON pointer to the schema of an answer's body. */
export function schemaPointer(path: string, method: string, status: number | string): string {
  return `${operationPointer(path, method)}/responses/${status}/content/application~1json/schema`
}

export function operationPointer(path: string, method: string): string {
  const escaped = path.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')
  return `/paths/${escaped}/${method}`
}
