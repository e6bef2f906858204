import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { KeptConnection } from './kept-connection.ts'
import type { Order, Result } from './load.ts'
import { signUpUsers } from './sign-up-users.ts'
import { startServer } from './start-server.ts'

const LOAD = join(import.meta.dirname, 'load.ts')
const SERVICE_KEY = 'a-service-key-of-the-benchmark-alone'
const PASSWORD = 'correct horse battery'

/** A server, and a process that puts load on it. */
export interface Contestant {
  name: string
  pid: number
  measure(order: Order): Promise<Result>
  end(): Promise<void>
}

/**
 * Starts a server, signs up its users, and starts the clients of the load.
 *
 * @param users how many users the clients are: `user1@example.org` and so on, who have to exist if they are more than the clients
 * @param command the script to run instead of this checkout's `tessera`
 */
export async function startContestant(
  name: 'baseline' | 'Tessera',
  settings: Record<string, string>,
  clients: number,
  users = 1,
  command?: string,
): Promise<Contestant> {
  const all = { PAIR_ISSUANCE: 'service', SERVICE_KEYS: SERVICE_KEY, ...settings }
  const server = await startServer(all, name, undefined, command)
  const email = `bench-${Date.now()}@example.com`
  const first = new KeptConnection(server.url)
  const signedUp = await first.ask('/api/v1/users/sign_up', { body: { user: { email, password: PASSWORD } } })
  first.socket.destroy()
  if (users > 1 && users <= clients) {
    const emails = Array.from({ length: users }, (_, index) => `user${index + 1}@example.org`)
    await signUpUsers(server.url, emails, PASSWORD)
  }
  const { guid } = JSON.parse(signedUp.body).user
  const load: ChildProcess = fork(LOAD, [server.url, email, guid, SERVICE_KEY, `${clients}`, `${users}`])
  load.once('exit', (code) => code && process.exit(code))
  await once(load, 'message')
  return {
    name,
    pid: server.child.pid as number,
    async measure(order) {
      load.send(order)
      return (await once(load, 'message'))[0]
    },
    async end() {
      load.kill()
      server.child.kill('SIGTERM')
      await once(server.child, 'close')
      rmSync(server.folder, { recursive: true })
    },
  }
}
