import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import type { Database } from '../../src/storage/database/database.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { emptySqliteUrl, migratedDatabase, onPostgres, openDatabase } from '../support/test-database.ts'

/** A table described alike for both databases: `column null|not null` by name, and the columns of each index. */
interface Table {
  columns: string[]
  indexes: string[]
}

type Schema = Record<string, Table>

async function sqliteSchema(db: Database): Promise<Schema> {
  const tables = await db.query<{ name: string }>(
    sql`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name`,
  )
  const schema: Schema = {}
  for (const { name } of tables) {
    const columns = await db.query<{ name: string; notnull: number; pk: number }>(
      sql`select name, "notnull", pk from pragma_table_info(${name})`,
    )
    const indexes = await db.query<{ name: string; unique: number; origin: string; partial: number }>(
      sql`select name, "unique", origin, partial from pragma_index_list(${name})`,
    )
    const described: string[] = []
    for (const index of indexes) {
      const parts = await db.query<{ name: string; desc: number }>(
        sql`select name, "desc" from pragma_index_xinfo(${index.name}) where key = 1 order by seqno`,
      )
      if (index.origin === 'pk') continue
      described.push(indexText(index.unique === 1, index.partial === 1, parts))
    }
    const key = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk)
    described.push(`primary key (${key.map((column) => column.name).join(', ')})`)
    schema[name] = {
      columns: columns.map((column) => columnText(column.name, column.notnull === 1 || column.pk > 0)).sort(),
      indexes: described.sort(),
    }
  }
  return schema
}

async function postgresSchema(db: Database): Promise<Schema> {
  const tables = await db.query<{ name: string }>(sql`
    select relname as name from pg_class where relkind in ('r', 'p') and not relispartition and relnamespace = current_schema()::regnamespace
    order by relname`)
  const schema: Schema = {}
  for (const { name } of tables) {
    const columns = await db.query<{ name: string; notnull: boolean }>(sql`
      select attname as name, attnotnull as notnull from pg_attribute
      where attrelid = ${name}::regclass and attnum > 0 and not attisdropped order by attnum`)
    const indexes = await db.query<{ unique: boolean; primary: boolean; partial: boolean; parts: string }>(sql`
      select indisunique as "unique", indisprimary as "primary", indpred is not null as partial,
        (select json_agg(json_build_object('name', a.attname, 'desc', (i.indoption[k.place - 1] & 1)) order by k.place)
         from unnest(i.indkey) with ordinality k(attnum, place)
         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum)::text as parts
      from pg_index i where indrelid = ${name}::regclass`)
    schema[name] = {
      columns: columns.map((column) => columnText(column.name, column.notnull)).sort(),
      indexes: indexes
        .map(({ unique, primary, partial, parts }) => {
          const read = JSON.parse(parts)
          const names = read.map((part: { name: string }) => part.name).join(', ')
          return primary ? `primary key (${names})` : indexText(unique, partial, read)
        })
        .sort(),
    }
  }
  return schema
}

function columnText(name: string, isRequired: boolean): string {
  return `${name} ${isRequired ? 'not null' : 'null'}`
}

function indexText(unique: boolean, partial: boolean, parts: readonly { name: string; desc: number }[]): string {
  const columns = parts.map(({ name, desc }) => (desc ? `${name} desc` : name)).join(', ')
  return `${unique ? 'unique ' : ''}(${columns})${partial ? ' where' : ''}`
}

test('both databases have the same tables, columns, nullability, uniqueness and indexes', {
  skip: !onPostgres && 'needs PostgreSQL',
}, async () => {
  const sqlite = await openDatabase(emptySqliteUrl())
  await migrate(sqlite, new Date())
  const postgres = await migratedDatabase()
  const [ofSqlite, ofPostgres] = [await sqliteSchema(sqlite), await postgresSchema(postgres)]
  assert.ok(Object.keys(ofSqlite).length >= 6)
  // Classes and months are partitions there, each with a primary key.
  const asPartitions = ['(class, at)', 'primary key (id)']
  const audit = ofSqlite['audit_events'] as Table
  assert.ok(asPartitions.every((index) => audit.indexes.includes(index)))
  audit.indexes = audit.indexes.filter((index) => !asPartitions.includes(index))
  assert.deepEqual(ofPostgres, ofSqlite)
})
