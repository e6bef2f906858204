import { Type } from 'typebox'
import { ROLES, type UserProfile } from '../storage/users.ts'

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

export const TokensSchema = Type.Object({
  access_token: Type.String({ description: 'A JWT.' }),
  refresh_token: Type.String({ description: '86 characters of base64url; good once.' }),
})

export const MessageSchema = Type.Object({ message: Type.String() })

/** What the documents print; no example is a real token. */
export const EXAMPLE_GUID = '123e4567-e89b-12d3-a456-426614174000'
export const EXAMPLE_ACCESS_TOKEN = 'eyJhbGciOiJIUzI1NiJ9…'
export const EXAMPLE_REFRESH_TOKEN =
  's79qdH_N-ngy1OvR77B5vbeeeyWKJLGPPwtiumVaL00RFgWN7It4XW_NXuRyi5k7cItWDJSBA2u3xm_63yXQkA'
export const EXAMPLE_TOKENS = { access_token: EXAMPLE_ACCESS_TOKEN, refresh_token: EXAMPLE_REFRESH_TOKEN }
export const EXAMPLE_USER = {
  id: 1,
  guid: EXAMPLE_GUID,
  email: 'user@example.com',
  first_name: 'John',
  last_name: 'Doe',
  role: 'admin',
  created_at: '2024-01-01T00:00:00.000Z',
  updated_at: '2024-01-01T00:00:00.000Z',
}
