import type { Locale } from '../../text/locale.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { type CreateUserOutcome, createUser } from './create-user.ts'

export interface RegisterInput {
  email: string
  password: string
  firstName: string | null
  lastName: string | null
  locale: Locale
  client: Client
}

/**
 * Registers a user under the canonical form of their email address; of parallel attempts with one address, one succeeds.
 * Clients can choose neither the role nor the GUID.
 *
 * @throws {HashPoolFull}
 */
export function register(
  ctx: Pick<Context, 'db' | 'passwords' | 'settings' | 'now' | 'random'>,
  { client, ...fields }: RegisterInput,
): Promise<CreateUserOutcome> {
  return createUser(ctx, { ...fields, guid: null, role: 'user', isEmailVerified: false, origin: client })
}
