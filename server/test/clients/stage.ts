import { once } from 'node:events'
import { createServer, request as forward, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { startServer, type TestServer } from '../support/server.ts'

/** `refused` resets the connection, `lost` cuts the answer short, `unavailable` is the server's 503, `down` a proxy's. */
export const FAULTS = ['refused', 'lost', 'unavailable', 'down'] as const
type Fault = (typeof FAULTS)[number]

const UNAVAILABLE = {
  unavailable: '{"error":{"message":"The service is unavailable","details":{"code":"unavailable"}}}',
  down: '<h1>Service Unavailable</h1>',
}

export interface Stage {
  server: TestServer
  /** The address that clients know: a gateway in front of the server. */
  auth: string
  /** Each refresh that arrived at the gateway. */
  refreshes: IncomingMessage[]
  /** The faults that refreshes and logouts meet: the first one `next`, all of them `each`. */
  fault: { next?: Fault; each?: Fault }
  /** Answers to refreshes wait for it. */
  held: Promise<void>
  /** Makes all access tokens of the past expire. */
  expireAccessTokens(): void
}

export async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

/** Starts a server behind a gateway that can lose refreshes and their answers. */
export async function startStage(settings: Record<string, string> = {}): Promise<Stage> {
  const server = await startServer(settings)
  const stage: Omit<Stage, 'expireAccessTokens'> = {
    server,
    auth: '',
    refreshes: [],
    fault: {},
    held: Promise.resolve(),
  }
  stage.auth = await listen((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers, socket } = incoming
    const isRefresh = method === 'POST' && /\/(refresh|oauth\/token)$/.test(url)
    if (isRefresh) stage.refreshes.push(incoming)
    const mayFail = isRefresh || url.endsWith('/logout')
    const fault = mayFail && method === 'POST' ? (stage.fault.next ?? stage.fault.each) : undefined
    if (fault) delete stage.fault.next
    if (fault === 'refused') return void socket.destroy()
    if (fault === 'unavailable' || fault === 'down') {
      const cors = { 'access-control-allow-origin': headers.origin ?? '*', 'access-control-allow-credentials': 'true' }
      return void outgoing.writeHead(503, cors).end(UNAVAILABLE[fault])
    }
    const onward = forward(server.url + url, { method, headers }, async (answer) => {
      if (isRefresh) await stage.held
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      if (fault === 'lost') outgoing.write('{', () => socket.destroy())
      else answer.pipe(outgoing)
    })
    onward.on('error', () => socket.destroy())
    incoming.pipe(onward)
  })
  return Object.assign(stage, { expireAccessTokens: () => server.advanceClock({ seconds: 901 }) })
}
