import { listKeys } from '../../auth/keys/list-keys.ts'
import { withDatabase } from '../run/with-database.ts'
import { print, printJson, printTable } from '../terminal/output.ts'

export interface ListOptions {
  json?: boolean
}

export async function listKeysCommand(options: ListOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const { inUse, keys } = await listKeys(ctx, ctx.config.accessTokenLifetimeSeconds)
    const rows = keys.map(({ kid, algorithm, state, created_at, signs_from_at, retired_at, sealed_by }) => ({
      kid,
      algorithm,
      state,
      created_at,
      signs_from: signs_from_at,
      retired_at,
      sealed_by,
    }))
    if (options.json) return printJson(rows)
    if (inUse === 'HS256') print('Logins are signed with JWT_SECRET_KEY.')
    if (inUse === 'file') print('Logins are signed with the first key of SIGNING_KEY_FILE.')
    if (rows.length === 0) return print('No key pairs found.')
    printTable(rows, ctx.now())
  })
}
