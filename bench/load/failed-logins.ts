import { rmSync } from 'node:fs'
import { endProcess, runTessera } from '../../harness/launch-tessera.ts'
import { KeptConnection } from './kept-connection.ts'
import { startServer } from './start-server.ts'

/** The addresses of one run: a database that is kept has those of earlier runs. */
const RUN = Date.now()
const PASSWORD = 'correct horse'
const FAILURES = {
  'unknown address': { email: `unknown-${RUN}@example.com`, password: PASSWORD },
  'wrong password': { email: `ann-${RUN}@example.com`, password: 'wrong horse' },
  'disabled account': { email: `bob-${RUN}@example.com`, password: PASSWORD },
  'no password': { email: `eve-${RUN}@example.com`, password: PASSWORD },
}
const WARM_UP_ROUNDS = 5

/** One kind of failed login and how long the server took to answer it, in milliseconds. */
export interface FailedLogins {
  failure: string
  times: number[]
}

export interface MeasuredLogins {
  samples: FailedLogins[]
  /** The different answers, without Date and X-Request-Id. */
  answers: Set<string>
}

/**
 * Starts a server and tries all kinds of failed login on one connection, in random order in each round.
 *
 * @param path the endpoint: the login, or one that mails an address if it has an account
 */
export async function measureFailedLogins(
  settings: Record<string, string>,
  rounds: number,
  path: string,
): Promise<MeasuredLogins> {
  const { url, child, folder } = await startServer(settings)
  await createAccounts(folder, settings)
  const connection = new KeptConnection(url)
  const kinds = Object.entries(FAILURES).map(([failure, body]) => ({ failure, body, times: [] as number[] }))
  const answers = new Set<string>()
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const { body, times } of shuffled(kinds)) {
      const startedAt = performance.now()
      const { head, body: answer } = await connection.ask(path, { body })
      if (round >= 0) times.push(performance.now() - startedAt)
      answers.add(head.replace(/^(date|x-request-id): .*\r\n/gim, '') + answer.replace(/"login_token":"[\w-]{43}"/, ''))
    }
  }
  connection.socket.destroy()
  await endProcess(child, 'SIGTERM')
  rmSync(folder, { recursive: true })
  return { samples: kinds.map(({ failure, times }) => ({ failure, times })), answers }
}

async function createAccounts(folder: string, environment: Record<string, string>): Promise<void> {
  const tessera = async (words: string[], input = '') => {
    const { code, output } = await runTessera(words, { folder, environment, input })
    if (code !== 0) throw new Error(`tessera ${words.join(' ')} ended with ${code}: ${output}`)
  }
  await tessera(['users', 'create', FAILURES['wrong password'].email], PASSWORD)
  await tessera(['users', 'create', FAILURES['disabled account'].email], PASSWORD)
  await tessera(['users', 'disable', FAILURES['disabled account'].email])
  await tessera(['users', 'create', FAILURES['no password'].email, '--no-password'])
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const keyed = items.map((item) => ({ item, key: Math.random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}
