import { once } from 'node:events'
import {
  type ClientRequest,
  createServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { startServer, type TestServer } from '../../../server/test/support/server.ts'

/**
 * `refused` resets the connection, `lost` cuts the answer short after the server has done its work, `unavailable` is the
 * server's 503, `proxy` and `portal` are pages of HTML in front of it, 502 and 200, and `doorman` is the 401 of another program.
 * A call that is `stalled` never reaches the server, and is never answered.
 */
export const FAULTS = ['refused', 'lost', 'unavailable', 'proxy', 'portal', 'doorman'] as const
export type Fault = (typeof FAULTS)[number] | 'stalled'

/** Gives nothing up: a busy machine is no outage. */
export const patientFetch: typeof fetch = (input, init) => fetch(input, { ...init, signal: null })

const PAGES: Partial<Record<Fault, [status: number, body: string]>> = {
  unavailable: [503, '{"error":{"message":"The service is unavailable","details":{"code":"unavailable"}}}'],
  proxy: [502, '<h1>Bad Gateway</h1>'],
  portal: [200, '<h1>Welcome to the hotel</h1>'],
  doorman: [401, '{"error":{"message":"Unauthorized"}}'],
}

export interface Gateway {
  server: TestServer
  /** The address of the page and of the server behind it. */
  url: string
  /** `POST` calls that arrived: paths, oldest first. */
  calls: string[]
  /** Decides for each call to the API whether something goes wrong. */
  fault: (path: string) => Fault | undefined
  /** The header `Retry-After` of pages of errors. */
  retryAfter: string | null
  /** Answers to refreshes wait for it, after the server has done its work. */
  held: Promise<unknown>
  /** How many refreshes have arrived. */
  refreshes(): number
  /** Waits until the server has answered all calls, also those that a client has given up. */
  settled(): Promise<void>
  /** Makes all access tokens of the past expire, and refresh tokens in use older than the server's 30 seconds. */
  expireAccessTokens(): void
}

/** Starts a server behind a gateway that serves a page at the same origin and can lose calls and answers. */
export async function startGateway(
  settings: Record<string, string> = {},
  script = '',
  page = '<!doctype html><title>app</title>',
): Promise<Gateway> {
  // The server has a clock of its own: tests move those of devices.
  const clock = () => performance.timeOrigin + performance.now()
  const server = await startServer({ JWT_ACCESS_TOKEN_EXPIRATION: '60', ...settings }, {}, clock)
  const running = new Set<ClientRequest>()
  const gateway: Gateway = {
    server,
    url: '',
    calls: [],
    fault: () => undefined,
    retryAfter: null,
    held: Promise.resolve(),
    refreshes: () => gateway.calls.filter((path) => path.endsWith('/refresh')).length,
    async settled() {
      while (running.size > 0) await new Promise(setImmediate)
    },
    expireAccessTokens: () => server.advanceClock({ seconds: 61 }),
  }
  const listener = createServer((incoming, outgoing) => {
    const { url: path = '/', method } = incoming
    if (path === '/client.js') return void answer(outgoing, 200, script, 'text/javascript')
    if (path === '/') return void answer(outgoing, 200, page, 'text/html')
    if (method === 'POST') gateway.calls.push(path)
    const onward = pass(gateway, incoming, outgoing)
    if (!onward) return
    running.add(onward)
    for (const end of ['response', 'close']) onward.once(end, () => running.delete(onward))
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  after(() => {
    listener.closeAllConnections()
    listener.close()
  })
  gateway.url = `http://localhost:${(listener.address() as AddressInfo).port}`
  return gateway
}

/** Passes a call on, unless a fault answers it. Returns the call to the server. */
function pass(gateway: Gateway, incoming: IncomingMessage, outgoing: ServerResponse): ClientRequest | null {
  const { url: path = '/', method, headers, socket } = incoming
  const fault = gateway.fault(path)
  const page = fault && PAGES[fault]
  if (page && gateway.retryAfter) outgoing.setHeader('retry-after', gateway.retryAfter)
  if (page) answer(outgoing, page[0], page[1], page[1].startsWith('{') ? 'application/json' : 'text/html')
  else if (fault === 'refused') socket.destroy()
  if (page || fault === 'refused' || fault === 'stalled') return null
  const onward = forward(gateway.server.url + path, { method, headers }, async (received) => {
    if (path.endsWith('/refresh')) await gateway.held
    outgoing.writeHead(received.statusCode ?? 502, received.headers)
    if (fault === 'lost') outgoing.write('{', () => socket.destroy())
    else received.pipe(outgoing)
  })
  onward.on('error', () => socket.destroy())
  incoming.on('close', () => incoming.complete || onward.destroy())
  incoming.pipe(onward)
  return onward
}

function answer(outgoing: ServerResponse, status: number, body: string, type: string): void {
  outgoing.writeHead(status, { 'content-type': type }).end(body)
}
