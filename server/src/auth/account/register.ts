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
 * Registers a person under the canonical form of their address; of parallel attempts at one address, one succeeds. Who
 * registers chooses neither their role nor their GUID.
 *
 * @throws {HashPoolFull}
 */
export function register(
  ctx: Pick<Context, 'db' | 'passwords' | 'settings' | 'now' | 'random'>,
  { client, ...person }: RegisterInput,
): Promise<CreateUserOutcome> {
  return createUser(ctx, { ...person, guid: null, role: 'user', origin: client })
}
