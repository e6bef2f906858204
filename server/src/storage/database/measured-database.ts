import type { Sql } from 'sql-template-tag'
import type { Database, Queries, Transaction } from './database.ts'

/** Called with the name of a statement and the time that it took. */
export type OnStatement = (name: string, seconds: number) => void

/** Returns the same database, which tells how long each statement took. */
export function measureDatabase(db: Database, onStatement: OnStatement): Database {
  const query = measureQuery(db, onStatement)
  const transaction: Database['transaction'] = (run) => db.transaction((tx) => run(measureTransaction(tx, onStatement)))
  return new Proxy(db, {
    get(target, property) {
      if (property === 'query') return query
      if (property === 'transaction') return transaction
      const value = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
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
