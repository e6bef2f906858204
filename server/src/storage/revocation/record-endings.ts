import sql, { raw, type Sql } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import { endingHash, postgresEndingHash } from './ending-hash.ts'

/** The kinds of endings: of one session, the tokens of a user below a version, a signing key, or all sessions so far. */
export type EndingKind = 'session' | 'subject' | 'key' | 'epoch'

/** A version above that of any token: the user is gone. */
export const ABOVE_EVERY_VERSION = 2_147_483_647

/** A row that a statement ended: the id of a session, a user or a key as its tokens have it, and the least version still good. */
interface Ended {
  ended: string
  version: number
}

interface Ending {
  kind: Exclude<EndingKind, 'epoch'>
  at: Date
}

/**
 * Runs a statement that ends something, and records the endings: with it on PostgreSQL, in the same transaction on SQLite.
 * Nothing else ends a session, or makes tokens void.
 *
 * @param change an `update` or a `delete` that returns `ended` and `version` of each row
 * @returns what the statement returned
 */
export async function recordEndings<Row extends object>(
  tx: Queries,
  change: Sql,
  ending: Ending,
): Promise<(Row & Ended)[]> {
  if (tx.dialect === 'postgres')
    return tx.query<Row & Ended>(sql`
      with changed as (${change}), ${endingsOf('changed', ending)} select * from changed`)
  const rows = await tx.query<Row & Ended>(change)
  if (rows.length > 0) await insertEndings(tx, rows, ending)
  return rows
}

/** The part of a statement on PostgreSQL that records the endings which an earlier part returned. */
export function endingsOf(part: 'changed' | 'displaced', { kind, at }: Ending): Sql {
  const hash = kind === 'key' ? sql`ended` : postgresEndingHash(sql`ended::text`)
  return sql`recorded as (
    insert into endings (hash, at, kind, version)
    select ${hash}, ${at}::timestamptz, ${kind}, version from ${raw(part)})`
}

/** Records that every session so far has ended. Their ids are of version 7: those of later ones are not less than a bound. */
export async function recordEpoch(tx: Queries, at: Date): Promise<void> {
  const time = (at.getTime() + 1).toString(16).padStart(12, '0')
  const bound = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`
  await tx.query(sql`insert into endings (hash, at, kind, version) values (${bound}, ${at}, 'epoch', 0) returning id`)
}

/** One statement and one text of it, however many there are. */
async function insertEndings(tx: Queries, ended: readonly Ended[], { kind, at }: Ending): Promise<void> {
  const listed = ended.map(({ ended: id, version }) => [kind === 'key' ? id : endingHash(id), version])
  await tx.query(sql`
    insert into endings (hash, at, kind, version)
    select value ->> 0, ${at}, ${kind}, value ->> 1 from json_each(${JSON.stringify(listed)})`)
}
