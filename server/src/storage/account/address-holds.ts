import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import { UniqueViolation } from '../database/errors.ts'

/** Keeps an address for the user who left it, until then. */
export async function holdAddress(
  tx: Queries,
  { email, userId, until }: { email: string; userId: number; until: Date },
): Promise<void> {
  await tx.query(sql`
    insert into address_holds (email, user_id, expires_at) values (${email}, ${userId}, ${until})
    on conflict (email) do update set user_id = excluded.user_id, expires_at = excluded.expires_at returning email`)
}

/** Whether an address is kept for a user other than this one. */
export async function isHeldForOther(
  db: Queries,
  { email, userId, now }: { email: string; userId: number | null; now: Date },
): Promise<boolean> {
  const rows = await db.query<{ user_id: number }>(sql`
    select user_id from address_holds where email = ${email} and expires_at > ${now}`)
  return rows[0] !== undefined && rows[0].user_id !== userId
}

/** Finds the user that an address is kept for. */
export async function findHolder(db: Queries, email: string, now: Date): Promise<number | null> {
  const rows = await db.query<{ user_id: number }>(sql`
    select user_id from address_holds where email = ${email} and expires_at > ${now}`)
  return rows[0]?.user_id ?? null
}

/** Gives up the addresses that are kept for a user. */
export async function releaseAddresses(tx: Queries, userId: number): Promise<void> {
  await tx.query(sql`delete from address_holds where user_id = ${userId}`)
}

/** Gives up one address that is kept, because its user has it again. */
export async function releaseAddress(tx: Queries, email: string): Promise<void> {
  await tx.query(sql`delete from address_holds where email = ${email}`)
}

/**
 * Refuses an address that is kept for another user. It runs after the address was written: a change that is under way lets
 * go of the address and keeps it in one transaction, which the write has waited for.
 *
 * @throws {UniqueViolation} of `users.email`
 */
export async function refuseHeldAddress(
  tx: Queries,
  email: string,
  now: Date,
  userId: number | null = null,
): Promise<void> {
  if (await isHeldForOther(tx, { email, userId, now })) throw new UniqueViolation('users.email')
}
