import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The page of all metrics, in the text format of Prometheus. */
export type MetricsPage = () => Promise<{ type: string; text: string }>

export interface MetricsServer {
  port: number
  close(): void
}

/**
 * Answers `GET /metrics` on a port of its own, and nothing else.
 *
 * @throws {NodeJS.ErrnoException} if the port cannot be listened on
 */
export async function serveMetrics(at: { host: string; port: number }, page: MetricsPage): Promise<MetricsServer> {
  const server = createServer(async (request, response) => {
    const [path] = (request.url ?? '').split('?', 1)
    if (path !== '/metrics') return void response.writeHead(404).end()
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    try {
      const { type, text } = await page()
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(text)
    } catch {
      response.writeHead(503, { 'retry-after': '1' }).end()
    }
  })
  await listen(server, at)
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
