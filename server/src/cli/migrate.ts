import { withDatabase } from './run/with-database.ts'
import { print } from './terminal/output.ts'

/** `tessera migrate`: applies pending migrations, also while servers are running. */
export async function migrateCommand(): Promise<void> {
  await withDatabase({ mayCreate: true }, async (_, applied) =>
    print(applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The database is up to date.'),
  )
}
