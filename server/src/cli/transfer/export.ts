import { recordEvent } from '../../auth/notice/record-event.ts'
import { findUsers } from '../../storage/account/users.ts'
import { COMMAND_LINE as origin, withDatabase } from '../run/with-database.ts'
import { printJson } from '../terminal/output.ts'

const PAGE_SIZE = 1000

/** Prints all users with their password digests, one JSON object per line, as `tessera users import` reads them. */
export async function exportUsersCommand(): Promise<void> {
  await withDatabase({ mayCreate: false }, async ({ db, now }) => {
    // Before the first line, so that no reader of the digests goes without a trace.
    await recordEvent(db, { kind: 'users_exported', userId: null }, origin, now())
    let afterId = 0
    for (;;) {
      const page = { role: null, onlyDisabled: false, search: null, afterId, limit: PAGE_SIZE }
      const users = await findUsers(db, page)
      printJson(users)
      afterId = users.at(-1)?.id ?? afterId
      if (users.length < PAGE_SIZE) break
    }
  })
}
