import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Type as TypeBox } from 'typebox'
import { compileAtFirstUse } from '../../src/http/endpoint/compile-schemas.ts'
import { Type } from '../../src/http/endpoint/schema.ts'
import { routes } from '../../src/http/routes.ts'

/** Schemas of every builder, and of what they do together. */
function build(type: typeof Type): unknown[] {
  const name = type.String({ description: 'a name' })
  const user = type.Object(
    { name, age: type.Optional(type.Integer({ format: 'int32' })) },
    { additionalProperties: false },
  )
  return [
    ...[
      type.Any(),
      type.Unknown({ description: 'any' }),
      type.Null(),
      type.Boolean(),
      type.Literal('a'),
      type.Literal(true),
    ],
    ...[
      type.Enum(['a', 'b'], { type: 'string' }),
      type.Unsafe<object>({ type: 'object' }),
      type.Array(name, { minItems: 1 }),
    ],
    ...[type.Union([name, type.Null()], { description: 'or null' }), user, type.Object({}), type.Partial(user)],
    ...[type.Object({ a: type.Optional(name) }), type.Object({ user, users: type.Array(user), b: name })],
  ]
}

test('schemas are those of TypeBox, in the same order of keys', () => {
  assert.equal(JSON.stringify(build(Type)), JSON.stringify(build(TypeBox)))
})

test('every schema of a route can be compiled, though only its first use does so', () => {
  const { buildValidator, buildSerializer } = compileAtFirstUse as unknown as Record<
    'buildValidator' | 'buildSerializer',
    (schemas: object, options: object) => (route: object) => (value: unknown) => unknown
  >
  const modules = Object.keys(createRequire(import.meta.url).cache)
  assert.deepEqual(
    modules.filter((file) => /node_modules.(ajv|fast-json-stringify)./.test(file)),
    [],
  )
  const validator = buildValidator({}, { customOptions: { strict: true, keywords: ['example'] } })
  const serializer = buildSerializer({}, {})
  for (const { endpoint } of routes) {
    if (endpoint.body) assert.equal(typeof validator({ schema: endpoint.body })(null), 'boolean')
    for (const schema of Object.values(endpoint.responses)) {
      const serialize = serializer({ schema })
      try {
        serialize({})
      } catch (error) {
        assert.match((error as Error).message, /is required!|does not match schema definition/)
      }
    }
  }
})
