import { connect, type Socket } from 'node:net'

export interface Answer {
  status: number
  head: string
  body: string
}

interface RequestParts {
  body?: object
  bearer?: string
  cookie?: string
  /** The client's address, for a server that trusts this machine as a proxy. */
  forwardedFor?: string
}

/** A kept-alive connection for one request at a time. It is much cheaper than node:http, so that the load disturbs less. */
export class KeptConnection {
  readonly socket: Socket
  #received = ''
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null

  constructor(url: string) {
    const { hostname: host, port } = new URL(url)
    this.socket = connect({ host, port: Number(port), noDelay: true })
    this.socket.on('data', (chunk) => this.#read(chunk.toString('latin1')))
    this.socket.on('error', () => {}) // `close` follows
    this.socket.on('close', () => this.#waiting?.reject(new Error('The server closed the connection.')))
  }

  /** Sends a `POST` if there is a body, which must be ASCII, else a `GET`. */
  ask(path: string, { body, bearer, cookie, forwardedFor }: RequestParts): Promise<Answer> {
    if (this.socket.destroyed) return Promise.reject(new Error('The server has closed the connection.'))
    const text = body ? JSON.stringify(body) : ''
    const type = body ? `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n` : ''
    const token = bearer ? `Authorization: Bearer ${bearer}\r\n` : ''
    const cookies = cookie ? `Cookie: ${cookie}\r\n` : ''
    const forwarded = forwardedFor ? `X-Forwarded-For: ${forwardedFor}\r\n` : ''
    const head = `${body ? 'POST' : 'GET'} ${path} HTTP/1.1\r\nHost: localhost\r\n${type}${token}${cookies}${forwarded}`
    this.socket.write(`${head}\r\n${text}`)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  #read(text: string): void {
    this.#received += text
    const end = this.#received.indexOf('\r\n\r\n') + 4
    if (end < 4) return
    const head = this.#received.slice(0, end)
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1])
    if (Number.isNaN(length) && /\r\ntransfer-encoding: chunked/i.test(head)) {
      this.#readChunked(head)
      return
    }
    if (this.#received.length < end + length) return
    const body = this.#received.slice(end, end + length)
    this.#received = this.#received.slice(end + length)
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), head, body })
  }

  /** Reads a chunked answer. Its JSON contains no line break, so lengths and chunks alternate as lines. */
  #readChunked(head: string): void {
    if (!this.#received.endsWith('\r\n0\r\n\r\n')) return
    const lines = this.#received.slice(head.length).split('\r\n')
    this.#received = ''
    const body = lines.filter((_, index) => index % 2 === 1).join('')
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), head, body })
  }
}
