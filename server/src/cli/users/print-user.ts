import type { UserRow } from '../../storage/account/users.ts'
import { printFields, printJson } from '../terminal/output.ts'

export function printUser(
  user: UserRow,
  more: Record<string, string | number>,
  { now, json }: { now: Date; json?: boolean | undefined },
): void {
  const fields = { ...withoutDigest(user), ...more }
  if (json) printJson([fields])
  else printFields(fields, now)
}

/** Drops the password digest, which is useful only for guessing the password. */
export function withoutDigest({ password_digest: _, ...rest }: UserRow): Omit<UserRow, 'password_digest'> {
  return rest
}
