import type { FastifyRequest } from 'fastify'
import type { EdgeSettings, HttpContext } from '../endpoint/http-context.ts'

const LOOPBACK_NAME = /^(localhost|[\w-]+\.localhost)$/
const IP_LITERAL = /^(\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])$/
const FORWARDING_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

/**
 * Returns why a client gets nothing of what a demonstration gives away, for the log; null for one that does. Its address
 * must be in `DEMO_FROM`, and it must have reached the server itself. A page of another site could have its own name lead
 * here (DNS rebinding): the `Host` must be one of this machine or of the settings. Behind a proxy that is not in
 * `TRUSTED_PROXIES`, every client has the address of the proxy; one that adds no header cannot be told from a client of
 * this machine.
 */
export function demoRefusal(edge: EdgeSettings, request: FastifyRequest): string | null {
  if (edge.production) return 'production has no demo users'
  const { ip } = request.client
  if (!edge.demoFrom.includes(ip)) return `the address ${ip} is not in DEMO_FROM`
  const forwarding = FORWARDING_HEADERS.find((name) => request.headers[name] !== undefined)
  if (forwarding !== undefined && !request.isFromTrustedProxy)
    return `the header ${forwarding} comes from a proxy that is not in TRUSTED_PROXIES`
  const isOwn = isOwnHost(edge, request.headers.host ?? '')
  return isOwn ? null : 'the Host is neither localhost, an IP address, HOST nor that of PUBLIC_URL'
}

/**
 * Whether a client gets something of the demonstration. The log of development says why not: the answer must not.
 *
 * @param asked the beginning of that sentence: `the mailbox is`
 */
export function isDemoClient(
  { edge, log }: Pick<HttpContext, 'edge' | 'log'>,
  request: FastifyRequest,
  asked: string,
): boolean {
  const reason = demoRefusal(edge, request)
  if (reason !== null && !edge.production) log.info({ requestId: request.id, reason }, `${asked} for development only`)
  return reason === null
}

function isOwnHost({ host, publicOrigin }: EdgeSettings, header: string): boolean {
  const name = header.replace(/:\d+$/, '').toLowerCase()
  const publicName = publicOrigin === null ? null : new URL(publicOrigin).hostname
  return LOOPBACK_NAME.test(name) || IP_LITERAL.test(name) || name === host.toLowerCase() || name === publicName
}
