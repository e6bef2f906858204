import { html } from '../../text/html.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { sendPage } from './page.ts'
import { developerBar } from './site-links.ts'

/** `GET /docs`: interactive documentation of `/openapi.json`. The page loads nothing from other origins. */
export const docsPage = endpoint({
  about: null,
  responses: {},
  async handle({ edge }, request, reply) {
    return sendPage(reply, {
      ...developerBar(edge, request),
      title: 'Tessera API',
      width: 'wide',
      head: html`<link rel="stylesheet" href="/docs/docs.css">
<script defer src="/docs/swagger-ui-bundle.js"></script>
<script type="module" src="/docs/docs.js"></script>`,
      body: html`<h1>API</h1>
<p>Version ${request.server.release}. Bodies are JSON in UTF-8, at most 16 KB. Dates are ISO 8601 in UTC. Every response to a readable request
has an <code>X-Request-Id</code>, which also appears in the log.</p>
<div id="api"></div>
<noscript><p>This page needs JavaScript; <a href="/openapi.json">/openapi.json</a> has the same and does not.</p></noscript>`,
      allows: { 'script-src': "'self'", 'style-src': "'self'", 'connect-src': "'self'" },
    })
  },
})
