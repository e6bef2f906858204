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
  /** The host that a trusted proxy was asked for; null where none says so. */
  forwardedHost: string | null
  isFromTrustedProxy: boolean
}

/** Identifies the client and its connection. Headers count only as far as the proxies that wrote them are trusted. */
export function identifyConnection(request: IncomingMessage, trustedProxies: IpRanges): Connection {
  const peer = identifyPeer(request.socket, trustedProxies)
  const userAgent = request.headers['user-agent']?.slice(0, MAX_USER_AGENT_CHARACTERS) ?? null
  const ip = forwardedFor(peer, request.headers['x-forwarded-for'], trustedProxies)
  const isFromTrustedProxy = peer.isTrusted
  return {
    client: { ip, userAgent },
    isSecure: isFromTrustedProxy ? isForwardedSecure(request) : isEncrypted(request),
    forwardedHost: isFromTrustedProxy ? forwardedHost(request) : null,
    isFromTrustedProxy,
  }
}

/**
 * Returns the id that a trusted proxy gave the request, by which its own log names it; null for none, and for one that could
 * be two, or more than an id.
 */
export function requestIdOf({ headers, socket }: IncomingMessage, trustedProxies: IpRanges): string | null {
  const id = headers['x-request-id']
  if (typeof id !== 'string' || !/^[!-~]{1,64}$/.test(id)) return null
  return identifyPeer(socket, trustedProxies).isTrusted ? id : null
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
function forwardedFor(peer: Peer, header: string | string[] | undefined, trustedProxies: IpRanges): string {
  if (!peer.isTrusted) return peer.ip
  const hops = header?.length ? String(header).split(',').reverse() : []
  let ip = peer.ip
  for (const hop of hops) {
    const next = canonicalIp(withoutPort(hop.trim()))
    // A trusted proxy did not know the client: its address is unknown, and not the proxy's own.
    if (next === null) return UNKNOWN
    ip = next
    if (!trustedProxies.includes(ip)) break
  }
  return ip
}

/**
 * Whether the client's connection was HTTPS, by `X-Forwarded-Proto`. A proxy replaces the header or appends to it. In a
 * list it cannot be told which entry is the client's own claim that a proxy passed on, so all entries must say `https`.
 */
function isForwardedSecure(request: IncomingMessage): boolean {
  const protocols = String(request.headers['x-forwarded-proto'] ?? '').split(',')
  return protocols.every((protocol) => protocol.trim().toLowerCase() === 'https')
}

/** The host in `X-Forwarded-Host`; null for none and for a list, in which it cannot be told who wrote which entry. */
function forwardedHost(request: IncomingMessage): string | null {
  const host = request.headers['x-forwarded-host']
  return typeof host === 'string' && /^[\w.:[\]-]+$/.test(host) ? host : null
}

function isEncrypted({ socket }: IncomingMessage): boolean {
  return (socket as Partial<TLSSocket>).encrypted === true
}

/** Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? hop
}
