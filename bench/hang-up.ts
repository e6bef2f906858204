import { setTimeout as sleep } from 'node:timers/promises'
import { KeptConnection } from './kept-connection.ts'

const NEXT_CLIENTS = 10

/**
 * Fills a server's lane of passwords and hangs up. If the abandoned logins keep their places, the next ones are refused,
 * and the first that gets in waits for all the hashes before it.
 */
export async function hangUp(url: string, clients: number): Promise<string> {
  const connections = (count: number) => Array.from({ length: count }, () => new KeptConnection(url))
  const login = (connection: KeptConnection, index: number) =>
    connection.ask('/api/v1/auth/login', { body: { email: `nobody-${index}@example.com`, password: 'correct horse' } })
  const refused = async (connection: KeptConnection, index: number) => {
    if ((await login(connection, index)).status !== 503) throw new Error('let in')
  }
  const gone = connections(clients)
  await Promise.any(gone.map(refused)) // so the lane is full
  for (const { socket } of gone) socket.destroy()
  const since = performance.now()
  const next = connections(NEXT_CLIENTS)
  let refusedAtFirst = 0
  const getIn = async (connection: KeptConnection, index: number) => {
    for (let attempt = 0; ; attempt++) {
      const { status, head } = await login(connection, index)
      if (status !== 503) return
      if (attempt === 0 && /\r\nretry-after: \d/i.test(head)) refusedAtFirst++
      await sleep(20)
    }
  }
  await Promise.any(next.map(getIn))
  for (const { socket } of next) socket.destroy()
  const seconds = ((performance.now() - since) / 1000).toFixed(1)
  return `${refusedAtFirst} of ${NEXT_CLIENTS} answered 503 with Retry-After; the first let in waited ${seconds} s`
}
