import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endProcess, runTessera } from '../../harness/launch-tessera.ts'
import type { FailedLogins } from './failed-logins.ts'
import { KeptConnection } from './kept-connection.ts'
import { startServer } from './start-server.ts'

const RUN = Date.now()
const ACCOUNTS_OF_A_KIND = 10
const WARM_UP_ROUNDS = 5
const KINDS: readonly Record<string, string>[] = [
  { PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '10' },
  { PASSWORD_HASH: 'argon2id' },
]

/**
 * Tries wrong passwords at accounts whose digests are of two kinds, and at addresses without an account, in random order:
 * each attempt at another account or address.
 */
export async function measureMixedLogins(settings: Record<string, string>, rounds: number): Promise<FailedLogins[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'))
  const emails = await createAccounts(folder, settings)
  // The server looks at the digests of the database when it starts, and every few minutes.
  const { url, child } = await startServer({ ...settings, ...KINDS[1] }, 'Tessera', folder)
  const connection = new KeptConnection(url)
  const [wrong, unknown]: [FailedLogins, FailedLogins] = [
    { failure: 'wrong password', times: [] },
    { failure: 'unknown address', times: [] },
  ]
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const attempts = [
      { email: emails[Math.floor(Math.random() * emails.length)], times: wrong.times },
      { email: `unknown-${RUN}-${round}@example.com`, times: unknown.times },
    ]
    for (const { email, times } of Math.random() < 0.5 ? attempts : attempts.reverse()) {
      const startedAt = performance.now()
      await connection.ask('/api/v1/auth/login', { body: { email, password: 'a wrong horse' } })
      if (round >= 0) times.push(performance.now() - startedAt)
    }
  }
  connection.socket.destroy()
  await endProcess(child, 'SIGTERM')
  rmSync(folder, { recursive: true })
  return [wrong, unknown]
}

async function createAccounts(folder: string, settings: Record<string, string>): Promise<string[]> {
  const emails: string[] = []
  for (const [index, kind] of KINDS.entries())
    for (let n = 0; n < ACCOUNTS_OF_A_KIND; n++) {
      const email = `mixed-${RUN}-${index}-${n}@example.com`
      const environment = { ...settings, ...kind }
      const { code, output } = await runTessera(['users', 'create', email], {
        folder,
        environment,
        input: 'correct horse',
      })
      if (code !== 0) throw new Error(`tessera users create ended with ${code}: ${output}`)
      emails.push(email)
    }
  return emails
}
