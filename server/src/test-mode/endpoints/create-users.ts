import { createUser } from '../../auth/account/create-user.ts'
import type { ValidationErrors } from '../../auth/account/user-fields.ts'
import type { Context } from '../../auth/context/context.ts'
import type { Origin } from '../../auth/context/origin.ts'
import { InvalidBody } from '../../http/contract/invalid-body.ts'
import { endpoint } from '../../http/endpoint/endpoint.ts'
import { Type } from '../../http/endpoint/schema.ts'
import { UserSchema, userView } from '../../http/view/user.ts'
import { deleteUser, type UserRow } from '../../storage/account/users.ts'
import { LOCALES } from '../../text/locale.ts'
import { Input } from './input.ts'

const FIELDS = ['email', 'password', 'first_name', 'last_name', 'role', 'locale', 'guid', 'verified']

type UsersContext = Pick<Context, 'db' | 'passwords' | 'settings' | 'now' | 'random'>

/** `POST /test/users`: creates users, all or none. The body is a user, or a list of users. */
export const createUsers = endpoint({
  about: null,
  responses: { 201: Type.Object({ users: Type.Array(UserSchema) }) },
  async handle(ctx, request, reply) {
    const users = await createTestUsers(ctx, request.body ?? {}, request.client)
    reply.code(201)
    return { users: users.map(userView) }
  },
})

/**
 * Creates users, all or none. A user without an address gets one; without `verified`, the address counts as proven.
 *
 * @param body a user, or a list of users
 * @throws {InvalidBody} whose fields begin with the place of the user in the list: `1.email`
 */
export async function createTestUsers(ctx: UsersContext, body: unknown, origin: Origin): Promise<UserRow[]> {
  const created: UserRow[] = []
  for (const [index, fields] of [body].flat().entries()) {
    const outcome = await createOne(ctx, fields, origin)
    if ('user' in outcome) {
      created.push(outcome.user)
      continue
    }
    await ctx.db.transaction(async (tx) => {
      for (const { id } of created) await deleteUser(tx, id, ctx.now())
    })
    const place = Array.isArray(body) ? `${index}.` : ''
    const errors = Object.entries(outcome.errors).map(([field, sentences]) => [place + field, sentences])
    throw new InvalidBody(Object.fromEntries(errors))
  }
  return created
}

async function createOne(
  ctx: UsersContext,
  fields: unknown,
  origin: Origin,
): Promise<{ user: UserRow } | { errors: ValidationErrors }> {
  let input: Input
  try {
    input = new Input(fields, FIELDS)
  } catch (error) {
    if (error instanceof InvalidBody) return error
    throw error
  }
  const user = {
    email: input.text('email') ?? `user-${ctx.random(6).toString('hex')}@example.test`,
    password: input.text('password'),
    firstName: input.text('first_name'),
    lastName: input.text('last_name'),
    role: input.choice('role', ctx.settings.roles) ?? 'user',
    locale: input.choice('locale', LOCALES) ?? 'en',
    guid: input.text('guid'),
    isEmailVerified: input.flag('verified') ?? true,
    origin,
  }
  if (Object.keys(input.errors).length > 0) return input
  const outcome = await createUser(ctx, user)
  return outcome.kind === 'created' ? outcome : { errors: outcome.errors }
}
