import { print } from './output.ts'
import { withDatabase } from './with-database.ts'

/** `tessera migrate`: applies pending migrations, also while servers are running. */
export async function migrateCommand(): Promise<void> {
  await withDatabase({ mayCreate: true }, async (_, applied) =>
    print(applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The database is up to date.'),
  )
}
