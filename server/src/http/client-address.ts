import type { IncomingMessage } from 'node:http'
import type { Client } from '../auth/context.ts'
import { canonicalIp, type IpRanges } from '../net/ip-address.ts'

const LONGEST_USER_AGENT = 512
const UNKNOWN = '0.0.0.0'

/** Who is asking. A header counts only as far as the proxies that wrote it are trusted. */
export function clientOf(request: IncomingMessage, trustedProxies: IpRanges): Client {
  const peer = canonicalIp(request.socket.remoteAddress ?? '') ?? UNKNOWN
  const userAgent = request.headers['user-agent']?.slice(0, LONGEST_USER_AGENT) ?? null
  return { ip: forwardedFor(peer, request.headers['x-forwarded-for'], trustedProxies), userAgent }
}

/**
 * Walks `X-Forwarded-For` from its right end: each proxy appended the address it saw, so the first one that is not a
 * trusted proxy is the client. What stands further left is the client's own claim.
 */
function forwardedFor(peer: string, header: string | string[] | undefined, trustedProxies: IpRanges): string {
  const hops = header?.length ? String(header).split(',').reverse() : []
  let address = peer
  for (const hop of hops) {
    if (!trustedProxies.includes(address)) break
    const next = canonicalIp(withoutPort(hop.trim()))
    // A proxy that is trusted says that it does not know: nobody in particular, and not the proxy itself.
    if (next === null) return UNKNOWN
    address = next
  }
  return address
}

/** Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? hop
}
