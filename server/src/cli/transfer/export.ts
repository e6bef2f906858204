import { stringify } from 'csv-stringify/sync'
import { parseClaims } from '../../auth/claims/merge-claims.ts'
import { recordEvent } from '../../auth/notice/record-event.ts'
import { findUsers, type UserRow } from '../../storage/account/users.ts'
import { COMMAND_LINE as origin, withDatabase } from '../run/with-database.ts'
import { printJson } from '../terminal/output.ts'

const PAGE_SIZE = 1000

/** Prints all users with their password digests, as JSON lines or CSV, as `tessera users import` reads them. */
export async function exportUsersCommand({ csv }: { csv?: boolean }): Promise<void> {
  await withDatabase({ mayCreate: false }, async ({ db, now }) => {
    // Before the first line, so that no reader of the digests goes without a trace.
    await recordEvent(db, { kind: 'users_exported', userId: null }, origin, now())
    let afterId = 0
    let header = true
    for (;;) {
      const page = { role: null, onlyDisabled: false, search: null, afterId, limit: PAGE_SIZE }
      const users = await findUsers(db, page)
      if (csv) process.stdout.write(asCsv(users, header))
      else printJson(users.map((user) => ({ ...user, claims: parseClaims(user.claims) })))
      header = false
      afterId = users.at(-1)?.id ?? afterId
      if (users.length < PAGE_SIZE) break
    }
  })
}

/** Times are in ISO 8601, as everywhere; the library would print milliseconds. */
function asCsv(users: readonly UserRow[], header: boolean): string {
  return stringify([...users], { header, cast: { date: (time) => time.toISOString() } })
}
