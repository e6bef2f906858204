import { isDeepStrictEqual } from 'node:util'
import { hideSecrets } from './hide-secrets.ts'
import type { Answer } from './target.ts'

/** A promise is broken; the message says what the server did instead. */
export class Broken extends Error {
  override readonly name = 'Broken'
}

const MAX_TEXT_LENGTH = 240

/** Checks an answer. @throws {Broken} with the answer and what was expected instead */
export function expect(answer: Answer, isKept: boolean, should: string): void {
  if (isKept) return
  const text = hideSecrets(answer.text).replaceAll(/\s+/g, ' ') || 'without a body'
  const shown = text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text
  throw new Broken(`${answer.request} answered ${answer.status} ${shown}; expected ${should}`)
}

export function expectStatus(answer: Answer, status: number): void {
  expect(answer, answer.status === status, `${status}`)
}

/** Expects exactly this body, with its keys in any order. */
export function expectBody(answer: Answer, status: number, body: unknown): void {
  const isKept = answer.status === status && isDeepStrictEqual(answer.body, body)
  expect(answer, isKept, `${status} ${JSON.stringify(body)}`)
}

/** Expects `{"error":{"message","details"}}`: with this message and no details, or with any. */
export function expectError(answer: Answer, status: number, message?: string): void {
  if (message !== undefined) {
    expectBody(answer, status, { error: { message, details: {} } })
    return
  }
  const { error } = answer.body ?? {}
  const isKept =
    hasExactly(answer.body, ['error']) &&
    hasExactly(error, ['message', 'details']) &&
    typeof error.message === 'string' &&
    isObject(error.details)
  expect(answer, answer.status === status && isKept, `${status} {"error":{"message","details":{…}}}`)
}

/** Expects `{"error":"sentence"}`: this sentence, or any. */
export function expectPairError(answer: Answer, status: number, sentence?: string): void {
  if (sentence !== undefined) {
    expectBody(answer, status, { error: sentence })
    return
  }
  const isKept = hasExactly(answer.body, ['error']) && typeof answer.body.error === 'string'
  expect(answer, answer.status === status && isKept, `${status} {"error":"a sentence"}`)
}

/** Expects a refused sign-up with errors of exactly these fields, and in these words if they are given. */
export function expectInvalid(answer: Answer, errors: Record<string, string[] | 'any words'>): void {
  const seen: unknown = answer.body?.errors
  const isKept =
    answer.status === 422 &&
    hasExactly(answer.body, ['message', 'errors']) &&
    answer.body.message === 'Something went wrong' &&
    hasExactly(seen, Object.keys(errors)) &&
    Object.entries(errors).every(([field, words]) => hasWords((seen as Record<string, unknown>)[field], words))
  expect(answer, isKept, `422 ${JSON.stringify({ message: 'Something went wrong', errors })}`)
}

export function expectHeader(answer: Answer, name: string, pattern: RegExp): void {
  const value = answer.headers.get(name)
  expect(answer, pattern.test(value ?? ''), `${name} like ${pattern}, not ${value === null ? 'none' : `"${value}"`}`)
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function hasExactly(value: unknown, names: string[]): boolean {
  return isObject(value) && isDeepStrictEqual(Object.keys(value).sort(), [...names].sort())
}

function hasWords(seen: unknown, words: string[] | 'any words'): boolean {
  if (words !== 'any words') return isDeepStrictEqual(seen, words)
  return Array.isArray(seen) && seen.length > 0 && seen.every((sentence) => typeof sentence === 'string')
}
