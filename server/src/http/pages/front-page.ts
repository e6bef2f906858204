import { type Html, html } from '../../text/html.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import { wantsHtml } from '../request/wants-html.ts'
import { sendPage } from './page.ts'

const OVERVIEW_JSON = `{ "name": "Tessera",
  "docs": "/docs", "openapi": "/openapi.json",
  "health": "/health" }
`

declare module 'fastify' {
  interface FastifyInstance {
    /** The version of the package. */
    release: string
  }
}

/** `GET /`: an overview, as a page for browsers and as three lines of JSON for programs. */
export const frontPage = endpoint({
  about: null,
  responses: {},
  async handle({ edge }, request, reply) {
    reply.header('vary', 'Accept')
    if (!wantsHtml(request)) {
      return reply.type('application/json; charset=utf-8').send(OVERVIEW_JSON)
    }
    return sendPage(reply, {
      title: 'Tessera',
      body: renderOverview(edge, request.server.release, `${request.isSecure ? 'https' : 'http'}://${request.host}`),
    })
  },
})

function renderOverview(edge: EdgeSettings, version: string, base: string): Html {
  return html`
<p>An authentication server: it signs up users, checks passwords, and issues, refreshes and revokes JWT access and refresh
tokens. This one is up and running.</p>
<ul class="cards">
  <li><a href="/docs"><strong>API</strong> Read about each endpoint and try it out.</a></li>
  <li><a href="/openapi.json"><strong>OpenAPI</strong> The same for tools and client generators.</a></li>
  <li><a href="/health"><strong>Health</strong> Shows that the process is up. <code>/ready</code> checks the database, too.</a></li>
  ${edge.showsMailbox ? html`<li><a href="/dev/mail"><strong>Mailbox</strong> Mails as users would see them.</a></li>` : null}
</ul>
${edge.production ? null : tryIt(base)}
<p class="soft">Version ${version}. Documentation: <code>README.md</code> and the folder <code>docs/</code>, which are in the source code and in
the package. For the command line: <code>tessera --help</code>.</p>`
}

const tryIt = (base: string) => html`
<h2>Try it</h2>
<p>This is a development server. If its database was empty when it started, it has a demo user:</p>
<pre>curl -X POST ${base}/api/v1/auth/login \\
  -H 'Content-Type: application/json' \\
  -d '{"email": "admin@example.com", "password": "password123"}'</pre>`
