import sql, { type Sql } from 'sql-template-tag'
import { lockClause, type Queries } from '../database/database.ts'

/**
 * Selects the ids of sessions and locks them on PostgreSQL, in the order of the ids. Every statement that writes to several
 * sessions, and waits for them, locks them so: two of them never wait for each other.
 */
export function lockedInOrder(db: Pick<Queries, 'dialect'>, condition: Sql): Sql {
  return sql`select id from sessions where ${condition} order by id ${lockClause(db, 'for no key update')}`
}
