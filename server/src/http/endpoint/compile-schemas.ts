import { createRequire } from 'node:module'
import type { FastifyServerOptions } from 'fastify'

type Factories = NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']
type Compiler<Compiled> = (route: unknown) => Compiled
type Settings = readonly unknown[]
type Serialize = (answer: unknown) => string
interface Validate {
  (body: unknown): unknown
  errors?: unknown
}

const require = createRequire(import.meta.url)

/**
 * Compiles each schema, with Fastify's own compilers, at its first use: most processes never use most of them, and the compilers
 * alone are a hundred modules.
 */
export const compileAtFirstUse = {
  buildValidator(...settings: Settings): Compiler<Validate> {
    const compiler = once<Compiler<Validate>>(() => require('@fastify/ajv-compiler')()(...settings))
    return (route) => {
      const compiled = once(() => compiler()(route))
      const validate: Validate = (body) => {
        const isValid = compiled()(body)
        validate.errors = compiled().errors
        return isValid
      }
      return validate
    }
  },
  buildSerializer(...settings: Settings): Compiler<Serialize> {
    const compiler = once<Compiler<Serialize>>(() => require('@fastify/fast-json-stringify-compiler')()(...settings))
    return (route) => {
      const compiled = once(() => compiler()(route))
      return (answer) => compiled()(answer)
    }
  },
} as unknown as NonNullable<Factories>

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
