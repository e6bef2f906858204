import type { FastifyRequest } from 'fastify'
import type { Log } from '../../observe/log.ts'

const FORWARDING_HEADERS = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded']
const MAX_PEERS = 100

/**
 * Logs once for each peer that its forwarding headers are ignored: a proxy that is not in `TRUSTED_PROXIES` is a common
 * mistake, and its symptoms (every client has one address, "HTTPS is required") do not name it.
 */
export function createProxyHint(log: Log): (request: FastifyRequest) => void {
  const told = new Set<string>()
  return ({ raw, isFromTrustedProxy }) => {
    if (isFromTrustedProxy || told.size >= MAX_PEERS) return
    const header = FORWARDING_HEADERS.find((name) => raw.headers[name] !== undefined)
    const peer = raw.socket.remoteAddress ?? ''
    if (header === undefined || told.has(peer)) return
    told.add(peer)
    log.warn({ peer, header }, 'a forwarding header is ignored: its sender is not in TRUSTED_PROXIES')
  }
}
