import { Type } from 'typebox'
import { ROLES, type UserProfile } from '../../storage/account/users.ts'

const nullableString = Type.Union([Type.String(), Type.Null()])

/** A person as the documents show them. */
export const UserSchema = Type.Object({
  id: Type.Integer(),
  guid: Type.String({ format: 'uuid' }),
  email: Type.String({ description: 'In one spelling: lower case, ASCII domain.' }),
  first_name: nullableString,
  last_name: nullableString,
  role: Type.Enum([...ROLES], { type: 'string' }),
  created_at: Type.String({ format: 'date-time' }),
  updated_at: Type.String({ format: 'date-time' }),
})

/** Names what may leave, one by one, so that a new column stays inside until somebody says otherwise. */
export function userView(user: UserProfile) {
  return {
    id: user.id,
    guid: user.guid,
    email: user.email,
    first_name: user.first_name,
    last_name: user.last_name,
    role: user.role,
    created_at: user.created_at.toISOString(),
    updated_at: user.updated_at.toISOString(),
  }
}
