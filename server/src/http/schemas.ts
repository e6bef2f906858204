import { Type } from 'typebox'
import type { UserRow } from '../storage/users.ts'

const nullableString = Type.Union([Type.String(), Type.Null()])

/** A person as the documents show them. */
export const UserSchema = Type.Object({
  id: Type.Integer(),
  guid: Type.String(),
  email: Type.String(),
  first_name: nullableString,
  last_name: nullableString,
  role: Type.Union([Type.Literal('user'), Type.Literal('admin')]),
  created_at: Type.String({ format: 'date-time' }),
  updated_at: Type.String({ format: 'date-time' }),
})

/** Names what may leave, one by one, so that a new column stays inside until somebody says otherwise. */
export function userView(user: UserRow) {
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

export const TokensSchema = Type.Object({ access_token: Type.String(), refresh_token: Type.String() })

export const MessageSchema = Type.Object({ message: Type.String() })
