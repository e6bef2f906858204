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
