// Writes the schema that servers in test mode begin with, out of the migrations: `npm run test-schema`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { runTessera } from '../harness/launch-tessera.ts'

const SCHEMA = join(import.meta.dirname, '../server/migrations/test-mode/schema.sql')

const folder = mkdtempSync(join(tmpdir(), 'tessera-schema-'))
try {
  const file = join(folder, 'tessera.db')
  const { code, output } = await runTessera(['migrate'], { folder, environment: { DATABASE_URL: `sqlite:${file}` } })
  if (code !== 0) throw new Error(output)
  const database = new DatabaseSync(file)
  database.exec("update migrations set applied_at = '1970-01-01T00:00:00.000Z'") // so that the text changes with them alone
  writeFileSync(SCHEMA, `-- Written by npm run test-schema.\n${dump(database)}`)
  database.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Returns the statements that make a database again. */
function dump(database: DatabaseSync): string {
  const objects = database
    .prepare(
      "select type, name, sql from sqlite_schema where sql is not null and name not like 'sqlite_%' order by rowid",
    )
    .all() as { type: string; name: string; sql: string }[]
  const tables = objects.filter(({ type }) => type === 'table')
  const rows = tables.flatMap(({ name }) =>
    database
      .prepare(`select * from "${name}"`)
      .all()
      .map((row) => `insert into "${name}" values (${Object.values(row).map(literal).join(', ')})`),
  )
  return [...objects.map(({ sql }) => sql), ...rows].map((statement) => `${statement};\n`).join('')
}

function literal(value: unknown): string {
  if (value === null || typeof value === 'number') return String(value)
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  throw new Error(`a value of ${typeof value} in a new database`)
}
