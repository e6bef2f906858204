import { parseClaims } from '../../auth/claims/merge-claims.ts'
import type { UserRow } from '../../storage/account/users.ts'
import { print, printFields, printJson } from '../terminal/output.ts'

export function printUser(
  user: UserRow,
  more: Record<string, string | number>,
  { now, json }: { now: Date; json?: boolean | undefined },
): void {
  const { claims, ...fields } = withoutDigest(user)
  if (json) printJson([{ ...fields, claims, ...more }])
  else {
    printFields({ ...fields, ...more }, now)
    if (Object.keys(claims).length === 0) return
    print('\nClaims of access tokens:')
    printJson([claims])
  }
}

/** Returns a user for JSON, without the password digest, which is useful only for guessing the password. */
export function withoutDigest({ password_digest: _, claims, ...rest }: UserRow) {
  return { ...rest, claims: parseClaims(claims) }
}
