import type { FastifyReply } from 'fastify'
import { Html, html } from '../../text/html.ts'
import { DEFAULT_LOCALE, type Locale } from '../../text/locale.ts'
import { type PageAsset, pageAsset } from './page-assets.ts'

const STYLE = pageAsset('page.css')

// A tessera: a token broken into two halves that fit together.
const SHAPE = '<path d="M2 4h18l-4 8 5 7-4 8 4 9H2z"/><path d="M24 4h14v32H25l-4-9 4-8-5-7z"/>'
const LOGO = new Html(`<svg viewBox="0 0 40 40" aria-hidden="true">${SHAPE}</svg>`)
const ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40" fill="#b45309">${SHAPE}</svg>`,
)}`

/** A directive of a Content-Security-Policy that a page may widen. */
type Directive = 'connect-src' | 'frame-src' | 'script-src' | 'style-src'

export interface Page {
  lang?: Locale
  /** The title of the tab; its first heading is in the body. */
  title: string
  /** The name beside the logo; a link if it has an address. */
  brand: { name: string; href: string | null }
  /** Links beside the brand. */
  links?: readonly PageLink[]
  /** The content of `<main>`. It begins with the only `<h1>`. */
  body: Html
  /** The width of its column: that of a form, of text, or of tables. */
  width?: 'narrow' | 'wide'
  /** Its one script, a module in `assets/`: it can call this server if `allows` has `'connect-src': "'self'"`. */
  script?: PageAsset
  /** Style sheets and scripts of its own, which `allows` must name. */
  head?: Html
  allows?: Partial<Record<Directive, string>>
}

export interface PageLink {
  href: string
  label: string
  isCurrent?: boolean
}

/**
 * Sends a page in the common frame. It loads nothing from other origins and runs no script but its own; its policy allows
 * nothing else.
 */
export function sendPage(reply: FastifyReply, page: Page): FastifyReply {
  const { lang = DEFAULT_LOCALE, title, brand, links = [], body, width, script, head, allows } = page
  const name = html`${LOGO}${brand.name}`
  const markup = html`<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${new Html(STYLE.text)}</style>
${head ?? null}
</head>
<body${width ? html` class="${width}"` : null}>
<header class="bar"><div>
${brand.href === null ? html`<span class="brand">${name}</span>` : html`<a class="brand" href="${brand.href}">${name}</a>`}
${links.length === 0 ? null : html`<nav>${links.map(renderLink)}</nav>`}
</div></header>
<main>
${body}
</main>
${script ? html`<script type="module">${new Html(script.text)}</script>` : null}
</body>
</html>
`
  return sendHtml(reply, markup, {
    ...allows,
    'style-src': join(STYLE.source, allows?.['style-src']),
    ...(script && { 'script-src': join(script.source, allows?.['script-src']) }),
    'img-src': 'data:',
    'frame-ancestors': "'none'",
  })
}

const renderLink = ({ href, label, isCurrent = false }: PageLink) =>
  html`<a href="${href}"${isCurrent ? html` aria-current="page"` : null}>${label}</a>`

const join = (...sources: (string | undefined)[]) => sources.filter((source) => source !== undefined).join(' ')

/** @param policy directives of the Content-Security-Policy in addition to a default that allows nothing */
export function sendHtml(reply: FastifyReply, page: Html | string, policy: Record<string, string>): FastifyReply {
  const directives = { 'default-src': "'none'", 'base-uri': "'none'", 'form-action': "'none'", ...policy }
  return reply
    .headers({
      'content-security-policy': Object.entries(directives)
        .map((directive) => directive.join(' ').trim())
        .join('; '),
      'referrer-policy': 'no-referrer',
    })
    .type('text/html; charset=utf-8')
    .serializer(String)
    .send(String(page))
}
