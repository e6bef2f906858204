import { isUuid, uuidV4 } from '../crypto/uuid.ts'
import { UniqueViolation } from '../storage/database.ts'
import { findUserByEmail, insertUser, type Role, type UserRow } from '../storage/users.ts'
import type { Locale } from '../text/locale.ts'
import type { Context, Origin } from './context.ts'
import { canonicalEmail } from './email-address.ts'
import { passwordComplaints } from './password-rules.ts'
import { recordEvent } from './record-event.ts'

export interface CreateUserInput {
  email: string
  /** Null: known by GUID only, to services that ask for pairs. */
  password: string | null
  firstName: string | null
  lastName: string | null
  locale: Locale
  role: Role
  /** Null draws one. */
  guid: string | null
  origin: Origin
}

/** Field -> sentences in the wording of Rails validations. */
export type Complaints = Record<string, string[]>

export type CreateUserOutcome = { kind: 'created'; user: UserRow } | { kind: 'invalid'; complaints: Complaints }

const TAKEN = 'has already been taken'
const LONGEST_NAME = 100

/**
 * Creates a person, audited. Everything that is wrong is said at once, and nothing is written then.
 *
 * @throws {LaneFull}
 */
export async function createUser(
  ctx: Pick<Context, 'db' | 'passwords' | 'settings' | 'now' | 'random'>,
  input: CreateUserInput,
): Promise<CreateUserOutcome> {
  const email = canonicalEmail(input.email)
  const complaints = withoutEmpty({
    guid: input.guid === null || isUuid(input.guid) ? [] : ['is invalid'],
    email: await emailComplaints(ctx, input.email, email),
    password: input.password === null ? [] : passwordComplaints(ctx.settings, input.password),
    first_name: nameComplaints(input.firstName),
    last_name: nameComplaints(input.lastName),
  })
  if (email === null || Object.keys(complaints).length > 0) return { kind: 'invalid', complaints }

  const user = {
    guid: input.guid?.toLowerCase() ?? uuidV4(ctx.random),
    email,
    password_digest: input.password === null ? null : await ctx.passwords.digest(input.password),
    first_name: input.firstName,
    last_name: input.lastName,
    role: input.role,
    locale: input.locale,
  }
  const now = ctx.now()
  try {
    const row = await ctx.db.transaction(async (tx) => {
      const inserted = await insertUser(tx, user, now)
      await recordEvent(tx, { kind: 'user_registered', userId: inserted.id }, input.origin, now)
      return inserted
    })
    return { kind: 'created', user: row }
  } catch (error) {
    const isTheirs = error instanceof UniqueViolation && ['users.email', 'users.guid'].includes(error.column)
    if (!isTheirs) throw error
    return { kind: 'invalid', complaints: { [error.column.replace('users.', '')]: [TAKEN] } }
  }
}

async function emailComplaints(ctx: Pick<Context, 'db'>, input: string, email: string | null): Promise<string[]> {
  if (/^\s*$/.test(input)) return ["can't be blank"]
  if (email === null) return ['is invalid']
  return (await findUserByEmail(ctx.db, email)) ? [TAKEN] : []
}

export function nameComplaints(name: string | null): string[] {
  if (name === null) return []
  if (!name.isWellFormed() || /\p{Cc}/u.test(name)) return ['is invalid']
  return name.length > LONGEST_NAME ? [`is too long (maximum is ${LONGEST_NAME} characters)`] : []
}

function withoutEmpty(complaints: Complaints): Complaints {
  return Object.fromEntries(Object.entries(complaints).filter(([, sentences]) => sentences.length > 0))
}
