import { Agent, request } from 'node:http'

/** `request`: ends within the request; `answer`: when the server's answer begins to arrive, so the server had decided. */
export type Cut = 'none' | 'request' | 'answer'

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  // biome-ignore lint/suspicious/noExplicitAny: whatever a server answers
  body: any
}

export interface Question {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  headers: Record<string, string>
  body: object | null
  cut: Cut
}

/** Longer than the server takes to say that its database is away; shorter than the replay window. */
const PATIENCE_MILLISECONDS = 4000

const agent = new Agent({ keepAlive: true, maxSockets: 400 })

/** Asks, and returns null when no answer came: the connection ended, was cut, or took too long. */
export function ask(port: number, question: Question): Promise<Answer | null> {
  const text = question.body === null ? null : JSON.stringify(question.body)
  const headers: Record<string, string | number> = { ...question.headers }
  if (text !== null) {
    headers['content-type'] = 'application/json'
    headers['content-length'] = Buffer.byteLength(text)
  }
  const { method, path, cut } = question
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS)
    const asking = request({ agent, host: '127.0.0.1', port, method, path, headers, signal }, (response) => {
      if (cut === 'answer') return void asking.destroy()
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', () => resolve(null))
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        const isJson = response.headers['content-type']?.startsWith('application/json')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: isJson ? JSON.parse(body) : body })
      })
    })
    asking.on('error', () => resolve(null))
    asking.on('close', () => resolve(null))
    if (cut === 'request' && text !== null) {
      asking.write(text.slice(0, text.length / 2))
      setImmediate(() => asking.destroy())
    } else asking.end(text)
  })
}

/** Connections that are kept alive would keep the process alive. */
export function hangUp(): void {
  agent.destroy()
}
