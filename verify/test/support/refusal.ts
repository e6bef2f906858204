import assert from 'node:assert/strict'
import type { Verifier } from '../../src/create-verifier.ts'
import { VerifyError, type VerifyErrorCode } from '../../src/token/verify-error.ts'

export async function assertRefused(verifier: Verifier, token: string, code: VerifyErrorCode, why = code as string) {
  await assert.rejects(verifier.verify(token), (error) => {
    assert.ok(error instanceof VerifyError, `${why}: ${error}`)
    assert.equal(error.code, code, why)
    return true
  })
}

/** Waits until something holds; fails if it does not within ten seconds. */
export async function until(holds: () => boolean | Promise<boolean>, why = 'it never held'): Promise<void> {
  const giveUpAt = performance.now() + 10_000
  while (!(await holds())) {
    assert.ok(performance.now() < giveUpAt, why)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Verifies a token again and again until it is refused; any other error than this one fails. */
export async function untilRefused(verifier: Verifier, token: string, code: VerifyErrorCode): Promise<void> {
  await until(async () => {
    try {
      await verifier.verify(token)
      return false
    } catch (error) {
      assert.equal((error as VerifyError).code, code, String(error))
      return true
    }
  }, 'the token was never refused')
}
