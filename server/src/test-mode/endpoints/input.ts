import type { ValidationErrors } from '../../auth/account/user-fields.ts'
import { InvalidBody } from '../../http/contract/invalid-body.ts'

const UNIT_MILLISECONDS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const MAX_DAYS = 3650

/** Reads `90s`, `16m`, `36h` or `8d` as milliseconds; null for anything else. */
export function readDuration(text: string): number | null {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (count === undefined) return null
  const milliseconds = Number(count) * (UNIT_MILLISECONDS[unit] ?? 0)
  return milliseconds <= MAX_DAYS * 86_400_000 ? milliseconds : null
}

/** Reads the fields of a body or a query, and collects a sentence for each that is wrong. */
export class Input {
  readonly #fields: Record<string, unknown>
  readonly #errors: ValidationErrors = {}

  /** @throws {InvalidBody} for anything but an object */
  constructor(body: unknown, known: readonly string[]) {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw new InvalidBody({ body: ['must be a JSON object'] })
    this.#fields = { ...body }
    for (const name of Object.keys(this.#fields))
      if (!known.includes(name)) this.refuse(name, `is not one of ${known.join(', ')}`)
  }

  text(name: string): string | null {
    return this.#read(name, 'must be a string', (value) => typeof value === 'string')
  }

  requiredText(name: string): string {
    const text = this.text(name)
    if (text === null || text === '') this.refuse(name, "can't be blank")
    return text ?? ''
  }

  flag(name: string): boolean | null {
    return this.#read(name, 'must be true or false', (value) => typeof value === 'boolean')
  }

  count(name: string, { min, max }: { min: number; max: number }): number | null {
    const isCount = (value: unknown) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max
    return this.#read(name, `must be a whole number from ${min} to ${max}`, isCount)
  }

  choice<const Choice extends string>(name: string, choices: readonly Choice[]): Choice | null {
    const isChoice = (value: unknown) => choices.some((choice) => choice === value)
    return this.#read(name, `must be ${choices.join(' or ')}`, isChoice)
  }

  refuse(name: string, sentence: string): void {
    this.#errors[name] ??= [sentence]
  }

  get errors(): ValidationErrors {
    return this.#errors
  }

  /** @throws {InvalidBody} if any field was refused */
  done(): void {
    if (Object.keys(this.#errors).length > 0) throw new InvalidBody(this.#errors)
  }

  #read<Value>(name: string, sentence: string, isRight: (value: unknown) => boolean): Value | null {
    const value = this.#fields[name]
    if (value === undefined || value === null) return null
    if (isRight(value)) return value as Value
    this.refuse(name, sentence)
    return null
  }
}
