import { uuidV4 } from '../crypto/uuid.ts'
import { insertAuditEvent } from '../storage/audit-events.ts'
import { UniqueViolation } from '../storage/database.ts'
import { findUserByEmail, insertUser, type UserRow } from '../storage/users.ts'
import type { Client, Context } from './context.ts'
import { canonicalEmail } from './email-address.ts'
import { passwordComplaints } from './password-rules.ts'

export interface RegisterInput {
  email: string
  password: string
  firstName: string | null
  lastName: string | null
  locale: string
  client: Client
}

/** Field -> sentences in the wording of Rails validations. */
export type Complaints = Record<string, string[]>

export type RegisterOutcome = { kind: 'registered'; user: UserRow } | { kind: 'invalid'; complaints: Complaints }

const TAKEN = 'has already been taken'
const LONGEST_NAME = 100

/** Registers a person under the canonical form of their address; of parallel attempts at one address, one succeeds. */
export async function register(
  ctx: Pick<Context, 'db' | 'passwords' | 'settings' | 'now' | 'random'>,
  input: RegisterInput,
): Promise<RegisterOutcome> {
  const email = canonicalEmail(input.email)
  const complaints = withoutEmpty({
    email: await emailComplaints(ctx, input.email, email),
    password: passwordComplaints(ctx.settings, input.password),
    first_name: nameComplaints(input.firstName),
    last_name: nameComplaints(input.lastName),
  })
  if (email === null || Object.keys(complaints).length > 0) return { kind: 'invalid', complaints }

  const user = {
    guid: uuidV4(ctx.random),
    email,
    password_digest: await ctx.passwords.digest(input.password),
    first_name: input.firstName,
    last_name: input.lastName,
    role: 'user',
    locale: input.locale,
  } as const
  const now = ctx.now()
  const { ip, userAgent: user_agent } = input.client
  try {
    const row = await ctx.db.transaction(async (tx) => {
      const inserted = await insertUser(tx, user, now)
      await insertAuditEvent(tx, { kind: 'user_registered', user_id: inserted.id, ip, user_agent }, now)
      return inserted
    })
    return { kind: 'registered', user: row }
  } catch (error) {
    if (!(error instanceof UniqueViolation) || error.column !== 'users.email') throw error
    return { kind: 'invalid', complaints: { email: [TAKEN] } }
  }
}

async function emailComplaints(ctx: Pick<Context, 'db'>, input: string, email: string | null): Promise<string[]> {
  if (/^\s*$/.test(input)) return ["can't be blank"]
  if (email === null) return ['is invalid']
  return (await findUserByEmail(ctx.db, email)) ? [TAKEN] : []
}

function nameComplaints(name: string | null): string[] {
  if (name === null) return []
  if (!name.isWellFormed() || /\p{Cc}/u.test(name)) return ['is invalid']
  return name.length > LONGEST_NAME ? [`is too long (maximum is ${LONGEST_NAME} characters)`] : []
}

function withoutEmpty(complaints: Complaints): Complaints {
  return Object.fromEntries(Object.entries(complaints).filter(([, sentences]) => sentences.length > 0))
}
