import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Client } from '../../auth/context/origin.ts'
import { canonicalIp, type IpRanges } from '../../text/ip-address.ts'

const MAX_USER_AGENT_CHARACTERS = 512
const UNKNOWN = '0.0.0.0'

export interface Connection {
  client: Client
  /** Whether the client's request came over TLS, to us or to a trusted proxy. */
  isSecure: boolean
}

/** Identifies the client and its connection. Headers count only as far as the proxies that wrote them are trusted. */
export function identifyConnection(request: IncomingMessage, trustedProxies: IpRanges): Connection {
  const peer = identifyPeer(request.socket, trustedProxies)
  const userAgent = request.headers['user-agent']?.slice(0, MAX_USER_AGENT_CHARACTERS) ?? null
  const { ip, proxies } = forwardedFor(peer, request.headers['x-forwarded-for'], trustedProxies)
  const isSecure = proxies === 0 ? isEncrypted(request) : forwardedProtocol(request, proxies) === 'https'
  return { client: { ip, userAgent }, isSecure }
}

interface Peer {
  ip: string
  isTrusted: boolean
}

const peers = new WeakMap<Socket, Peer>()

/** Identifies the peer once per connection: doing so for every request cost more than routing it. */
function identifyPeer(socket: Socket, trustedProxies: IpRanges): Peer {
  let peer = peers.get(socket)
  if (!peer) {
    const ip = canonicalIp(socket.remoteAddress ?? '') ?? UNKNOWN
    peer = { ip, isTrusted: trustedProxies.includes(ip) }
    peers.set(socket, peer)
  }
  return peer
}

/**
 * Walks `X-Forwarded-For` from its right end: each proxy appended the address it saw, so the first one that is not a
 * trusted proxy is the client. Anything further left is the client's own claim.
 */
function forwardedFor(
  peer: Peer,
  header: string | string[] | undefined,
  trustedProxies: IpRanges,
): { ip: string; proxies: number } {
  if (!peer.isTrusted) return { ip: peer.ip, proxies: 0 }
  const hops = header?.length ? String(header).split(',').reverse() : []
  let ip = peer.ip
  let proxies = 1
  for (const hop of hops) {
    const next = canonicalIp(withoutPort(hop.trim()))
    // A trusted proxy did not know the client: its address is unknown, and not the proxy's own.
    if (next === null) return { ip: UNKNOWN, proxies }
    ip = next
    if (!trustedProxies.includes(ip)) break
    proxies++
  }
  return { ip, proxies }
}

/**
 * Returns the protocol of the client's connection, as reported by the proxy nearest to the client. Proxies append to
 * `X-Forwarded-Proto`, as they do to `X-Forwarded-For`, or replace it: the entry is that many from the right, or the only
 * one.
 */
function forwardedProtocol(request: IncomingMessage, proxies: number): string | undefined {
  const header = request.headers['x-forwarded-proto']
  const protocols = String(header ?? '').split(',')
  return protocols.at(-Math.min(proxies, protocols.length))?.trim().toLowerCase()
}

function isEncrypted({ socket }: IncomingMessage): boolean {
  return (socket as Partial<TLSSocket>).encrypted === true
}

/** Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? hop
}
