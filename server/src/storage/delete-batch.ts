import sql, { raw, type Sql } from 'sql-template-tag'
import { lockClause, type Queries } from './database.ts'

export interface Batch {
  table: 'outbox' | 'rate_limits' | 'sessions'
  primaryKey: 'id' | 'key'
  condition: Sql
  most: number
}

/** Deletes so many rows at most; says how many. Several replicas may do so at once: none waits for another's rows. */
export async function deleteBatch(db: Queries, { table, primaryKey, condition, most }: Batch): Promise<number> {
  const [from, key] = [raw(table), raw(primaryKey)] // constants, by their types
  const skip = lockClause(db, 'for update skip locked')
  const rows = await db.query(sql`
    delete from ${from} where ${key} in (select ${key} from ${from} where ${condition} limit ${most} ${skip})
    returning ${key}`)
  return rows.length
}
