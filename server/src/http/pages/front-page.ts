import type { FastifyRequest } from 'fastify'
import { type Html, html } from '../../text/html.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { demoRefusal } from '../guard/demo-client.ts'
import { wantsHtml } from '../request/wants-html.ts'
import { sendPage } from './page.ts'
import { pageAsset } from './page-assets.ts'
import { developerBar, showsMailboxTo } from './site-links.ts'

const COPY = pageAsset('copy.js')

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
      ...developerBar(edge, request),
      title: 'Tessera',
      body: html`${renderOverview(showsMailboxTo(edge, request))}
${edge.production ? null : renderCommands(baseUrl(request), demoRefusal(edge, request))}
<p class="soft">Version ${request.server.release}. The documentation is <code>README.md</code> and the folder <code>docs/</code>, in the
source code, in the package and in the image. <code>tessera --help</code> lists the commands.</p>`,
      script: COPY,
    })
  },
})

function renderOverview(showsMailbox: boolean): Html {
  return html`<h1>Tessera is up and running</h1>
<p>It signs up users, checks passwords, and issues, refreshes and revokes JWT access and refresh tokens.</p>
<ul class="cards">
  <li><a href="/docs"><strong>API</strong> Read about each endpoint and try it out.</a></li>
  <li><a href="/openapi.json"><strong>OpenAPI</strong> The same for tools and client generators.</a></li>
  ${showsMailbox ? html`<li><a href="/dev/mail"><strong>Mailbox</strong> Mails as users would see them.</a></li>` : null}
  <li><a href="/health"><strong>Health</strong> The process is up. <code>/ready</code> asks the database, too.</a></li>
</ul>`
}

/** Returns the address that the browser used. A `Host` of other characters could put more than a name into a command. */
function baseUrl({ host, isSecure }: FastifyRequest): string {
  return `${isSecure ? 'https' : 'http'}://${/^[\w.:[\]-]+$/.test(host) ? host : 'localhost'}`
}

const JSON_TYPE = "-H 'Content-Type: application/json'"

/** @param refusal why this client cannot sign in as a demo user; null if it can */
function renderCommands(base: string, refusal: string | null): Html {
  const signUp = renderCommand('sign-up', 'Sign up', [
    `curl -X POST ${base}/api/v1/users/sign_up`,
    JSON_TYPE,
    `-d '{"user": {"email": "me@example.com", "password": "correct horse"}}'`,
  ])
  const login = (email: string, password: string) =>
    renderCommand('login', 'Log in', [
      `curl -X POST ${base}/api/v1/auth/login`,
      JSON_TYPE,
      `-d '{"email": "${email}", "password": "${password}"}'`,
    ])
  const me = renderCommand('me', html`Use the access token of the answer, here in <code>$ACCESS_TOKEN</code>`, [
    `curl ${base}/api/v1/auth/me`,
    `-H "Authorization: Bearer $ACCESS_TOKEN"`,
  ])
  return refusal === null
    ? html`<h2>Try it</h2>
<p>This is a development server. If its database was empty when it started, it has a demo user.</p>
${login('admin@example.com', 'password123')}${me}<p class="unseen" role="status"></p>`
    : html`<h2>Try it</h2>
<p>This is a development server. Its demo users are for other clients: ${refusal}.</p>
${signUp}${login('me@example.com', 'correct horse')}${me}<p class="unseen" role="status"></p>`
}

/** @param parts the command; each part after the first is an argument on a line of its own */
function renderCommand(id: string, title: string | Html, parts: readonly string[]): Html {
  return html`<figure class="command">
<figcaption><span id="${id}-title">${title}</span>
<button type="button" class="button plain" data-copies="${id}" aria-describedby="${id}-title" hidden>Copy</button></figcaption>
<pre id="${id}">${parts.join(' \\\n  ')}</pre>
</figure>`
}
