import { type Html, html } from '../../text/html.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import { wantsHtml } from '../request/wants-html.ts'
import { sendPage } from './page.ts'

const FOR_PROGRAMS = `{ "name": "Tessera",
  "docs": "/docs", "openapi": "/openapi.json",
  "health": "/health" }
`

/** `GET /`: what this is; a page for a browser, three lines of JSON for a program. */
export const frontPage = endpoint({
  about: null,
  responses: {},
  async handle({ edge }, request, reply) {
    reply.header('vary', 'Accept')
    if (!wantsHtml(request)) {
      return reply.type('application/json; charset=utf-8').send(FOR_PROGRAMS)
    }
    return sendPage(reply, {
      title: 'Tessera',
      body: describe(edge, `${request.isSecure ? 'https' : 'http'}://${request.host}`),
    })
  },
})

function describe(edge: EdgeSettings, base: string): Html {
  return html`
<p>An authentication server: it registers people, checks passwords, and issues, refreshes and ends JWT access / refresh
token pairs. This one is at work.</p>
<ul class="cards">
  <li><a href="/docs"><strong>The API</strong> Read it and try it, call by call.</a></li>
  <li><a href="/openapi.json"><strong>OpenAPI</strong> The same for programs and client generators.</a></li>
  <li><a href="/health"><strong>Health</strong> The process serves. <code>/ready</code>: the database, too.</a></li>
  ${edge.showsMailbox ? html`<li><a href="/dev/mail"><strong>Mailbox</strong> Mails as they would look.</a></li>` : null}
</ul>
${edge.production ? null : tryIt(base)}
<p class="soft">Documentation: <code>README.md</code> and the folder <code>docs/</code> beside the source; <code>tessera --help</code>
for the command line.</p>`
}

const tryIt = (base: string) => html`
<h2>Try it</h2>
<p>This is a development server. If its database was empty, it has a demo user:</p>
<pre>curl -X POST ${base}/api/v1/auth/login \\
  -H 'Content-Type: application/json' \\
  -d '{"email": "admin@example.com", "password": "password123"}'</pre>`
