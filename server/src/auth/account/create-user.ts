import { isUuid, uuidV4 } from '../../crypto/tokens/uuid.ts'
import { refuseHeldAddress } from '../../storage/account/address-holds.ts'
import { findUserByEmail, insertUser, type Role, type UserRow } from '../../storage/account/users.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import type { Locale } from '../../text/locale.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { validatePassword } from '../password/password-rules.ts'
import { TAKEN, takenFieldError, type ValidationErrors, validateName, withoutEmpty } from './user-fields.ts'

interface CreateUserInput {
  email: string
  /** Null creates a user without a password, for whom services request pairs by GUID. */
  password: string | null
  firstName: string | null
  lastName: string | null
  locale: Locale
  role: Role
  /** Null generates one. */
  guid: string | null
  /** Whether the address counts as proven: an operator's word, or a code out of its mailbox. */
  isEmailVerified: boolean
  origin: Origin
}

export type CreateUserOutcome = { kind: 'created'; user: UserRow } | { kind: 'invalid'; errors: ValidationErrors }

/**
 * Creates a user and records an audit event, or returns all validation errors together and writes nothing.
 *
 * @throws {HashPoolFull}
 */
export async function createUser(
  ctx: Pick<Context, 'db' | 'passwords' | 'settings' | 'now' | 'random'>,
  input: CreateUserInput,
): Promise<CreateUserOutcome> {
  const email = canonicalEmail(input.email)
  const errors = withoutEmpty({
    guid: input.guid === null || isUuid(input.guid) ? [] : ['is invalid'],
    email: await validateEmail(ctx, input.email, email),
    password: input.password === null ? [] : await validatePassword(ctx.settings, input.password, input),
    first_name: validateName(input.firstName),
    last_name: validateName(input.lastName),
  })
  if (email === null || Object.keys(errors).length > 0) return { kind: 'invalid', errors }

  const now = ctx.now()
  const user = {
    guid: input.guid?.toLowerCase() ?? uuidV4(ctx.random),
    email,
    email_verified_at: input.isEmailVerified ? now : null,
    password_digest: input.password === null ? null : await ctx.passwords.digest(input.password),
    first_name: input.firstName,
    last_name: input.lastName,
    role: input.role,
    locale: input.locale,
  }
  try {
    const row = await ctx.db.transaction(async (tx) => {
      const inserted = await insertUser(tx, user, now)
      await refuseHeldAddress(tx, user.email, now)
      await recordEvent(tx, { kind: 'user_registered', userId: inserted.id }, input.origin, now)
      return inserted
    })
    return { kind: 'created', user: row }
  } catch (error) {
    return { kind: 'invalid', errors: takenFieldError(error, ['email', 'guid']) }
  }
}

async function validateEmail(ctx: Pick<Context, 'db'>, input: string, email: string | null): Promise<string[]> {
  if (/^\s*$/.test(input)) return ["can't be blank"]
  if (email === null) return ['is invalid']
  return (await findUserByEmail(ctx.db, email)) ? [TAKEN] : []
}
