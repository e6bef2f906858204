import sql, { raw, type Sql } from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import type { EndingKind } from './record-endings.ts'

export interface EndingRow {
  id: number
  /** Of a session or a user; the kid of a key, or the least id of a session after an epoch. */
  hash: string
  at: Date
  kind: EndingKind
  version: number
}

/** Endings since a time; of keys, since another one, or all that ended since the first if it is null. */
export interface EndingSpan {
  since: Date
  keysSince: Date | null
}

const BUCKET_SIZE = 1000

const bucket = raw(`id / ${BUCKET_SIZE}`) // as a parameter of SQLite it would have a fraction

/** Returns the bucket of an ending: a thousand ids that follow each other. */
export function bucketOf(id: number): number {
  return Math.floor(id / BUCKET_SIZE)
}

/**
 * Counts the endings of a span by buckets of ids. A reader that has as many of a bucket has all of it: so rows that were
 * committed late, between others, are found without reading all the others again.
 */
export function countEndings(db: Queries, span: EndingSpan): Promise<{ bucket: number; endings: number }[]> {
  return db.query<{ bucket: number; endings: number }>(sql`
    select ${bucket} as bucket, count(*) as endings from endings where ${isWithin(span)} group by ${bucket}`)
}

/** Returns the endings of a span that are in a bucket. */
export function findEndings(db: Queries, span: EndingSpan, number: number): Promise<EndingRow[]> {
  const first = number * BUCKET_SIZE
  return db.query<EndingRow>(sql`
    select id, hash, at, kind, version from endings
    where id >= ${first} and id < ${first + BUCKET_SIZE} and (${isWithin(span)}) order by at, id`)
}

function isWithin({ since, keysSince }: EndingSpan): Sql {
  return keysSince === null ? sql`at > ${since}` : sql`at > ${since} or (kind = 'key' and at > ${keysSince})`
}
