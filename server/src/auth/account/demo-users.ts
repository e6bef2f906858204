import { hasUsers, insertUser, type NewUser } from '../../storage/account/users.ts'
import { UniqueViolation } from '../../storage/database/errors.ts'
import type { Context } from '../context/context.ts'

/** The users of the contracts' examples. The admin's digest is bcrypt of `password123`, precomputed for a quick start. */
const DEMO_USERS: readonly NewUser[] = [
  {
    guid: '7e55e4a0-0000-4000-8000-000000000001',
    email: 'admin@example.com',
    password_digest: '$2b$12$Yy4/hRSnbNEsMnX0VQxI..qRKfa3mBCllFuIjI9MnUeUiw8l07oKu',
    first_name: 'Admin',
    last_name: 'User',
    role: 'admin',
    locale: 'en',
  },
  {
    guid: '123e4567-e89b-12d3-a456-426614174000',
    email: 'john.doe@email.com',
    password_digest: null,
    first_name: 'John',
    last_name: 'Doe',
    role: 'user',
    locale: 'ru',
  },
]

/** Inserts the demo users into a database that has no users; for development only. */
export async function seedDemoUsers(ctx: Pick<Context, 'db' | 'now'>): Promise<void> {
  if (await hasUsers(ctx.db)) return
  const now = ctx.now()
  try {
    await ctx.db.transaction(async (tx) => {
      for (const user of DEMO_USERS) await insertUser(tx, { ...user, email_verified_at: now, seeded_as: 'demo' }, now)
    })
  } catch (error) {
    // Another process that started at the same time has inserted them.
    if (!(error instanceof UniqueViolation)) throw error
  }
}
