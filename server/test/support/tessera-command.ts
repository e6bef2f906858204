import { TEST_SECRET, type TestServer } from './server.ts'
import { runToEnd } from './server-process.ts'

/** Returns a function that runs `tessera` on the database of a running server. */
export function tesseraCli(server: Pick<TestServer, 'databaseUrl'>, settings: Record<string, string> = {}) {
  // The key of a test server is too short for production.
  const key = settings['NODE_ENV'] === 'production' ? {} : { JWT_SECRET_KEY: TEST_SECRET }
  const environment = { DATABASE_URL: server.databaseUrl, ...key, TZ: 'Asia/Tokyo', ...settings }
  return (line: string, input = '') => runToEnd(line.split(' '), { environment, input })
}

/** Parses the JSON that a command prints, one value per line. */
export function parseJsonLines(output: string) {
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}
