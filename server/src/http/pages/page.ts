import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { Html, html } from '../../text/html.ts'

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1917; --soft: #57534e; --line: #e7e5e4; --paper: #fafaf9; --card: #fff; --accent: #b45309; --code: #f5f5f4 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f5f5f4; --soft: #a8a29e; --line: #44403c; --paper: #1c1917; --card: #292524; --accent: #fbbf24; --code: #1c1917 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif }
main { max-width: 56rem; margin: 0 auto; padding: 3rem 1.25rem 4rem }
header { display: flex; align-items: center; gap: .9rem; margin-bottom: 1.25rem }
header svg { width: 2.6rem; height: 2.6rem; flex: none; fill: var(--accent) }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; letter-spacing: -.01em }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.1rem }
p { margin: 0 0 1rem; max-width: 42rem }
a { color: var(--accent); text-underline-offset: .15em }
code { white-space: nowrap }
.soft { color: var(--soft) }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .9rem; padding: 0; margin: 1.5rem 0; list-style: none }
.cards a { display: block; height: 100%; padding: 1rem 1.1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; text-decoration: none; color: inherit }
.cards a:hover, .cards a:focus-visible { border-color: var(--accent) }
.cards strong { display: block; color: var(--accent) }
pre { overflow-x: auto; margin: 0 0 1rem; padding: .9rem 1.1rem; background: var(--code); border: 1px solid var(--line); border-radius: .6rem; font: 13.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.wrap { white-space: pre-wrap; overflow-wrap: anywhere }
.scroll { overflow-x: auto }
table { width: 100%; border-collapse: collapse; font-size: .95rem }
th, td { padding: .5rem .8rem .5rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
th { font-weight: 600; color: var(--soft); white-space: nowrap }
iframe { width: 100%; height: 46rem; border: 1px solid var(--line); border-radius: .6rem; background: #fff }
`
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

// A tessera: a token broken into two halves that fit together.
const LOGO = html`<svg viewBox="0 0 40 40" aria-hidden="true"><path d="M2 4h18l-4 8 5 7-4 8 4 9H2z"/><path d="M24 4h14v32H25l-4-9 4-8-5-7z"/></svg>`

/** The same as an icon, for both pages and their tabs. */
export const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40" fill="#b45309"><path d="M2 4h18l-4 8 5 7-4 8 4 9H2z"/><path d="M24 4h14v32H25l-4-9 4-8-5-7z"/></svg>',
)}`

/** Sends a page that runs no script and loads nothing from other origins; its only style sheet is inline. */
export function sendPage(reply: FastifyReply, { title, body }: { title: string; body: Html }): FastifyReply {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
<header>${LOGO}<h1>${title}</h1></header>
${body}
</main>
</body>
</html>
`
  return sendHtml(
    reply,
    page,
    `style-src 'sha256-${STYLE_HASH}'; img-src data:; frame-src 'self'; frame-ancestors 'none'`,
  )
}

/** @param policy the Content-Security-Policy directives to add to a default that allows nothing */
export function sendHtml(reply: FastifyReply, page: Html | string, policy: string): FastifyReply {
  return reply
    .headers({
      'content-security-policy': `default-src 'none'; base-uri 'none'; form-action 'none'; ${policy}`,
      'referrer-policy': 'no-referrer',
    })
    .type('text/html; charset=utf-8')
    .send(String(page))
}
