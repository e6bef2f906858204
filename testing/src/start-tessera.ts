import { startTestServer } from 'tessera-auth/testing'
import { type Calls, createCalls, type NewUser } from './calls.ts'

export interface StartOptions {
  /** A free one by default. */
  port?: number
  /** Users to begin with, also after each reset. */
  users?: readonly NewUser[]
  /** Settings of the rules, by the names of docs/configuration.md: `{ COOKIE_MODE: 'on' }`. */
  settings?: Readonly<Record<string, string>>
}

/** A Tessera server in this process, and everything that tests may do with it. */
export interface Tessera extends Calls, AsyncDisposable {
  /** The secret of access tokens, for code under test that verifies them with it. */
  jwtSecretKey: string
  stop(): Promise<void>
}

/**
 * Starts a real Tessera server in this process, on a free port and with a temporary database. Several can run at once; a
 * forgotten one does not keep the process from ending.
 *
 * @throws {Error} with a sentence, for settings or users that it cannot take
 */
export async function startTessera(options: StartOptions = {}): Promise<Tessera> {
  const server = await startTestServer({ ...options, keepsAlive: false })
  const { url, adminKey, jwtSecretKey } = server
  let stopping: Promise<void> | null = null
  const stop = () => (stopping ??= server.stop())
  const calls = createCalls({ url, adminKey, now: () => server.now() })
  return { ...calls, jwtSecretKey, stop, [Symbol.asyncDispose]: stop }
}
