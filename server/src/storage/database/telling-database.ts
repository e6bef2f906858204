import type { Database, Done } from './database.ts'

/** Returns the same database, which tells what its transactions did once they are committed. */
export function tellingDatabase(db: Database, onDone: (done: Done) => void): Database {
  const transaction: Database['transaction'] = async (run) => {
    let told: Done[] = []
    const result = await db.transaction((tx) => {
      told = [] // it runs again after a conflict
      const telling = {
        dialect: tx.dialect,
        query: tx.query.bind(tx),
        script: tx.script.bind(tx),
        outside: tx.outside.bind(tx),
        tell: (done: Done) => void told.push(done),
      }
      return run(telling)
    })
    for (const done of told) onDone(done)
    return result
  }
  return {
    dialect: db.dialect,
    troubles: db.troubles,
    transaction,
    tell: onDone,
    query: db.query.bind(db),
    together: db.together.bind(db),
    connections: db.connections.bind(db),
    clockOffsetMilliseconds: db.clockOffsetMilliseconds.bind(db),
    close: db.close.bind(db),
  }
}
