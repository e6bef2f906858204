import type { UserProfile } from '../../storage/account/users.ts'
import { Type } from '../endpoint/schema.ts'

const nullableString = Type.Union([Type.String(), Type.Null()])

/** A user as the API returns them. */
export const UserSchema = Type.Object({
  id: Type.Integer({ format: 'int64' }),
  guid: Type.String({ format: 'uuid' }),
  email: Type.String({ description: 'In canonical form: lower case, ASCII domain.' }),
  email_verified_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: "When the address was proven to be the user's; null until then.",
  }),
  first_name: nullableString,
  last_name: nullableString,
  role: Type.String(),
  created_at: Type.String({ format: 'date-time' }),
  updated_at: Type.String({ format: 'date-time' }),
})

/** Describes a user of a server that has these roles. */
export function describeUser(roles: readonly string[]): object {
  return { ...UserSchema, properties: { ...UserSchema.properties, role: { type: 'string', enum: roles } } }
}

/** Picks the fields to return. As an allow-list, it exposes no new column until it is added here. */
export function userView(user: UserProfile) {
  return {
    id: user.id,
    guid: user.guid,
    email: user.email,
    email_verified_at: user.email_verified_at?.toISOString() ?? null,
    first_name: user.first_name,
    last_name: user.last_name,
    role: user.role,
    created_at: user.created_at.toISOString(),
    updated_at: user.updated_at.toISOString(),
  }
}
