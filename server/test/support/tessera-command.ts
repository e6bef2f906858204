import type { TestServer } from './server.ts'
import { runToEnd } from './server-process.ts'

/** Runs `tessera` beside a running server, on its database. */
export function tesseraCli(server: Pick<TestServer, 'databaseUrl'>) {
  const environment = { DATABASE_URL: server.databaseUrl, TZ: 'Asia/Tokyo' }
  return (line: string, input = '') => runToEnd(line.split(' '), { environment, input })
}

/** The JSON documents that a command prints, one a line. */
export function parseJsonLines(output: string) {
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}
