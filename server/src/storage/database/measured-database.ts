import type { Sql } from 'sql-template-tag'
import type { Database, Queries, Together, Transaction } from './database.ts'

/** Called with the name of a statement and the time that it took. */
export type OnStatement = (name: string, seconds: number) => void

/** Returns the same database, which tells how long each statement took. */
export function measureDatabase(db: Database, onStatement: OnStatement): Database {
  const query = measureQuery(db, onStatement)
  const transaction: Database['transaction'] = (run) => db.transaction((tx) => run(measureTransaction(tx, onStatement)))
  // A database knows what it runs together by the object, so each has one that is measured.
  const measured = new WeakMap<object, object>()
  const together: Database['together'] = <Item, Result>(given: Together<Item, Result>, item: Item) => {
    const known = (measured.get(given) as Together<Item, Result> | undefined) ?? measureTogether(given, onStatement)
    measured.set(given, known)
    return db.together(known, item)
  }
  const replaced: Partial<Database> = { query, transaction, together }
  return new Proxy(db, {
    get(target, property) {
      const replacement = Reflect.get(replaced, property)
      if (replacement !== undefined) return replacement
      const value = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function measureTogether<Item, Result>(
  together: Together<Item, Result>,
  onStatement: OnStatement,
): Together<Item, Result> {
  const measure = (queries: Queries): Queries => ({
    dialect: queries.dialect,
    query: measureQuery(queries, onStatement),
  })
  return {
    ...together,
    one: (queries, item) => together.one(measure(queries), item),
    many: (queries, items) => together.many(measure(queries), items),
  }
}

function measureTransaction(tx: Transaction, onStatement: OnStatement): Transaction {
  return {
    dialect: tx.dialect,
    query: measureQuery(tx, onStatement),
    script: (text) => tx.script(text),
    outside: (statement) => tx.outside(statement),
  }
}

function measureQuery(queries: Queries, onStatement: OnStatement): Queries['query'] {
  return async (statement) => {
    const startedAt = performance.now()
    try {
      return await queries.query(statement)
    } finally {
      onStatement(nameOf(statement), (performance.now() - startedAt) / 1000)
    }
  }
}

const names = new Map<string, string>()

/** Names a statement by its verb and the table that it begins with: `select_sessions`, `update_users`. */
function nameOf(statement: Sql): string {
  // Up to its first value: the whole text is put together anew each time that it is asked for.
  const [text = ''] = statement.strings
  let name = names.get(text)
  if (name === undefined) {
    const [, verb = 'other'] = /^\s*(select|insert|update|delete|with)\b/i.exec(text) ?? []
    const [, part] = /^\s*with\s+(\w+)/i.exec(text) ?? []
    const [, table = 'none'] = /\b(?:from|into|update)\s+(\w+)/i.exec(text) ?? []
    name = `${verb}_${part ?? table}`.toLowerCase()
    names.set(text, name)
  }
  return name
}
