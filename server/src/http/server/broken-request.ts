import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { EdgeSettings, HttpContext } from '../endpoint/http-context.ts'
import { defaultHeaders } from './default-headers.ts'

type BrokenContext = Pick<HttpContext, 'edge' | 'log' | 'metrics'>

const closing = new WeakSet<Socket>()

/** Nothing that follows on this connection is answered: its last answer is on its way. */
export function markClosing(socket: Socket): void {
  closing.add(socket)
}

/** Answers, in our error format, input that the Node.js parser rejects before it becomes a request. */
export function answerBrokenRequests({ edge, log, metrics }: BrokenContext) {
  return (error: Error & { code?: string }, socket: Socket): void => {
    const { code } = error
    if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    if (closing.has(socket)) return void socket.destroySoon()
    const [status, reason] = statusFor(code)
    const requestId = randomUUID()
    log.info({ requestId, status, code, ip: socket.remoteAddress }, 'a request could not be read')
    metrics.count('tessera_http_unparsed_total', { status: `${status}` })
    const body = errorBody(reason)
    const headers = {
      ...headersOn(socket, edge, requestId),
      connection: 'close',
      'content-length': Buffer.byteLength(body),
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${body}`)
  }
}

/** Answers an `Expect` other than `100-continue` (RFC 9110, 10.1.1); Node.js would do so without a word. */
export function answerExpectations({ edge, log, metrics }: BrokenContext) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const requestId = randomUUID()
    log.info({ requestId, status: 417, ip: request.socket.remoteAddress }, 'a request could not be read')
    metrics.count('tessera_http_unparsed_total', { status: '417' })
    const body = errorBody('Expectation Failed')
    const length = { 'content-length': Buffer.byteLength(body) }
    response.writeHead(417, { ...headersOn(request.socket, edge, requestId), ...length, connection: 'close' })
    response.end(body)
  }
}

function headersOn(socket: Socket, edge: EdgeSettings, id: string): Record<string, string> {
  const isSecure = socket instanceof TLSSocket
  return { ...defaultHeaders(edge, { id, isSecure }), 'content-type': 'application/json; charset=utf-8' }
}

function errorBody(message: string): string {
  return JSON.stringify({ error: { message, details: {} } })
}

function statusFor(code: string | undefined): [status: number, reason: string] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'Request Timeout']
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'Request Header Fields Too Large']
  return [400, 'Bad Request']
}
