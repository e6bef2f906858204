import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type as TypeBox } from 'typebox'
import { Type } from '../../src/http/endpoint/schema.ts'

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
