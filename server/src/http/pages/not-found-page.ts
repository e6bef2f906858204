import type { FastifyReply, FastifyRequest } from 'fastify'
import { serviceName } from '../../mail/messages/phrases.ts'
import { html } from '../../text/html.ts'
import type { Locale } from '../../text/locale.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'
import { preferredLocale } from '../request/preferred-locale.ts'
import { wantsHtml } from '../request/wants-html.ts'
import { type Page, sendPage } from './page.ts'
import { developerBar, showsMailboxTo } from './site-links.ts'

const WORDS: Record<Locale, { title: string; text: string; open: (name: string) => string }> = {
  en: {
    title: 'Page not found',
    text: 'There is nothing at this address. It may be mistyped, or the page has moved.',
    open: (name) => `Go to ${name}`,
  },
  ru: {
    title: 'Страница не найдена',
    text: 'По этому адресу ничего нет. Возможно, в нём опечатка или страница переехала.',
    open: (name) => `Перейти: ${name}`,
  },
}

const API_PATH = /^\/+(api|auth|oauth)([/?]|$)/

/**
 * Whether a 404 goes to a browser that shows it to its user. A program that happens to accept HTML gets JSON at paths of the
 * API; a browser's navigation gets the page there too.
 */
export function wantsNotFoundPage(request: FastifyRequest): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  if (!wantsHtml(request)) return false
  return request.headers['sec-fetch-mode'] === 'navigate' || !API_PATH.test(request.url)
}

/**
 * Sends the page of a path that does not exist or is hidden: the two are equal to the byte. It says nothing of the request,
 * and links to what is served.
 */
export function sendNotFoundPage(edge: EdgeSettings, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendPage(reply.code(404), edge.apiPages ? developerPage(edge, request) : userPage(edge, request))
}

function developerPage(edge: EdgeSettings, request: FastifyRequest): Page {
  const { title, text } = WORDS.en
  const mailbox = showsMailboxTo(edge, request) ? html`<li><a href="/dev/mail">Mailbox</a></li>` : null
  const body = html`<h1>${title}</h1>
<p>${text}</p>
<ul class="list">
<li><a href="/">Front page</a></li>
<li><a href="/docs">API, to read and try</a></li>
${mailbox}</ul>`
  return { ...developerBar(edge, request), title, body }
}

/** Without pages for developers, the reader is a user of the service. */
function userPage({ sender }: EdgeSettings, request: FastifyRequest): Page {
  const lang = preferredLocale(request)
  const { title, text, open } = WORDS[lang]
  const name = serviceName(sender)
  const link = sender.appUrl && html`<p><a class="button" href="${sender.appUrl}">${open(name)}</a></p>`
  const body = html`<h1>${title}</h1>
<p>${text}</p>
${link}`
  return { lang, brand: { name, href: null }, title, width: 'narrow', body }
}
