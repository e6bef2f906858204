import { setTimeout as sleep } from 'node:timers/promises'
import { KeptConnection } from './kept-connection.ts'

const NEXT_CLIENTS = 10

/**
 * Fills a server's pool of password hashes and closes all connections. If the abandoned logins keep their places, the
 * next logins are refused, and the first accepted one waits for all hashes before it.
 */
export async function hangUp(url: string, clients: number): Promise<string> {
  const abandoned = connect(url, clients)
  const untilRefused = async (connection: KeptConnection, index: number) => {
    if ((await logIn(connection, index)).status !== 503) throw new Error('The login was accepted.')
  }
  await Promise.any(abandoned.map(untilRefused)).catch(() => {
    throw new Error(`None of ${clients} logins at once was refused: raise --clients until the pool is full.`)
  })
  for (const { socket } of abandoned) socket.destroy()
  const startedAt = performance.now()
  const next = connect(url, NEXT_CLIENTS)
  let refusedAtFirst = 0
  const untilAccepted = async (connection: KeptConnection, index: number) => {
    for (let attempt = 0; ; attempt++) {
      const { status, head } = await logIn(connection, index)
      if (status !== 503) return
      if (attempt === 0 && /\r\nretry-after: \d/i.test(head)) refusedAtFirst++
      await sleep(20)
    }
  }
  await Promise.any(next.map(untilAccepted))
  for (const { socket } of next) socket.destroy()
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  return `${refusedAtFirst} of ${NEXT_CLIENTS} answered 503 with Retry-After; the first accepted one waited ${seconds} s`
}

function connect(url: string, count: number): KeptConnection[] {
  return Array.from({ length: count }, () => new KeptConnection(url))
}

function logIn(connection: KeptConnection, index: number) {
  const body = { email: `unknown-${index}@example.com`, password: 'correct horse' }
  return connection.ask('/api/v1/auth/login', { body })
}
