import type { FastifyRequest } from 'fastify'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import { demoRefusal } from '../guard/demo-client.ts'
import type { Page, PageLink } from './page.ts'

/** Whether this server shows its mails to this client. */
export function showsMailboxTo(edge: EdgeSettings, request: FastifyRequest): boolean {
  return edge.showsMailbox && demoRefusal(edge, request) === null
}

/** Returns the bar of the pages for developers. It links to nothing that is a 404 for this client. */
export function developerBar(edge: EdgeSettings, request: FastifyRequest): Pick<Page, 'brand' | 'links'> {
  const links: PageLink[] = [
    ...(edge.apiPages
      ? [
          { href: '/docs', label: 'API' },
          { href: '/openapi.json', label: 'OpenAPI' },
        ]
      : []),
    ...(showsMailboxTo(edge, request) ? [{ href: '/dev/mail', label: 'Mailbox' }] : []),
  ]
  const current = request.routeOptions.url
  return {
    brand: { name: 'Tessera', href: edge.apiPages ? '/' : null },
    links: links.map((link) => ({ ...link, isCurrent: link.href === current })),
  }
}
