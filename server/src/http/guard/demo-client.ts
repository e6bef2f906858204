import type { FastifyRequest } from 'fastify'
import type { EdgeSettings } from '../endpoint/http-context.ts'

const LOOPBACK_NAME = /^(localhost|[\w-]+\.localhost)$/
const IP_LITERAL = /^(\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])$/
const FORWARDING_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

/**
 * Whether a client gets what a demonstration gives away: its address is in `DEMO_FROM`, and it reached the server itself.
 * A page of another site could have its own name lead here (DNS rebinding): the `Host` must be one of this machine or of
 * the settings. Behind a proxy that is not in `TRUSTED_PROXIES`, every client has the
 * address of the proxy; one that adds no header cannot be told from a client of this machine.
 */
export function isDemoClient(edge: EdgeSettings, request: FastifyRequest): boolean {
  if (edge.production || !edge.demoFrom.includes(request.client.ip)) return false
  const isForwarded = FORWARDING_HEADERS.some((name) => request.headers[name] !== undefined)
  return (request.isFromTrustedProxy || !isForwarded) && isOwnHost(edge, request.headers.host ?? '')
}

function isOwnHost({ host, publicOrigin }: EdgeSettings, header: string): boolean {
  const name = header.replace(/:\d+$/, '').toLowerCase()
  const publicName = publicOrigin === null ? null : new URL(publicOrigin).hostname
  return LOOPBACK_NAME.test(name) || IP_LITERAL.test(name) || name === host.toLowerCase() || name === publicName
}
