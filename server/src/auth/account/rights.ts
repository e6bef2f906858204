import type { UserRow } from '../../storage/account/users.ts'
import type { Caller } from '../context/caller.ts'

type Action = 'delete_user'

const RIGHTS: Record<Action, (caller: Caller, user: Pick<UserRow, 'id'>) => boolean> = {
  delete_user: (caller, user) => caller.userId === user.id || caller.role === 'admin',
}

/** Whether a caller may perform an action on a user. No other code knows what a role allows. */
export function may(caller: Caller, action: Action, user: Pick<UserRow, 'id'>): boolean {
  return RIGHTS[action](caller, user)
}
