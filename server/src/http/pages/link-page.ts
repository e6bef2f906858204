import type { FastifyRequest } from 'fastify'
import { serviceName } from '../../mail/messages/phrases.ts'
import { type Html, html } from '../../text/html.ts'
import { isLocale, type Locale } from '../../text/locale.ts'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { preferredLocale } from '../request/preferred-locale.ts'
import { COMMON_WORDS, LINK_PAGE_WORDS, type LinkPageName } from './link-page-words.ts'
import { sendPage } from './page.ts'
import { pageAsset } from './page-assets.ts'

const SCRIPT = pageAsset('link-page.js')

/** The use that a page makes of its link, for the script. */
interface LinkAction {
  /** The endpoint that takes the token, from the folder of the page. */
  path: string
  /** The proof of the user that it needs beside the link. */
  needs: 'password' | 'session' | 'number'
}

const ACTIONS: Record<LinkPageName, LinkAction> = {
  reset: { path: 'api/v1/users/password/reset', needs: 'password' },
  verify: { path: 'api/v1/users/email/verify', needs: 'session' },
  confirm: { path: 'api/v1/users/email/confirm', needs: 'session' },
  // A scanner that opens every link of a mail and clicks every button must change nothing.
  undo: { path: 'api/v1/users/email/undo', needs: 'number' },
  not_me: { path: 'api/v1/auth/not_me', needs: 'number' },
}

/**
 * A page that a mail links to. It changes nothing when it is opened: its script reads the token from the fragment, takes it
 * out of the address bar, and sends it when the user has acted. It names neither the account nor the address.
 */
export function linkPage(name: LinkPageName): Endpoint {
  return endpoint({
    about: null,
    responses: {},
    async handle({ edge }, request, reply) {
      const repaired = repairedFragment(request.url)
      if (repaired !== null) return reply.redirect(repaired)
      const lang = localeOf(request)
      const service = serviceName(edge.sender)
      const { title } = LINK_PAGE_WORDS[lang][name]
      const body = renderLinkPage(name, { lang, service, appUrl: edge.sender.appUrl })
      const frame = {
        lang,
        title: `${title} – ${service}`,
        brand: { name: service, href: null },
        width: 'narrow',
      } as const
      return sendPage(reply, { ...frame, body, script: SCRIPT, allows: { 'connect-src': "'self'" } })
    },
  })
}

const BROKEN_FRAGMENT = /^[^?]*\/(reset|verify|confirm|undo|not_me)(?:\?(.*?))?%(?:25)*23(.*)$/is
const ESCAPED_TOKEN = /\btoken(?:=|%(?:25)*3D)([\w-]{54})(?![\w-])/i

/**
 * The address of a link page whose `#` a mail gateway has turned into `%23` or `%2523`, from the folder of the page; null for
 * any other. The token is then in the fragment again, which no server is sent.
 */
export function repairedFragment(url: string): string | null {
  const [, page, query = '', fragment = ''] = BROKEN_FRAGMENT.exec(url) ?? []
  if (page === undefined) return null
  const [, lang] = /(?:^|&)lang=(\w+)/.exec(query) ?? []
  const [, token] = ESCAPED_TOKEN.exec(fragment) ?? []
  return `${page.toLowerCase()}${lang ? `?lang=${lang}` : ''}${token ? `#token=${token}` : ''}`
}

function localeOf(request: FastifyRequest): Locale {
  const { lang } = request.query as { lang?: unknown }
  return typeof lang === 'string' && isLocale(lang) ? lang : preferredLocale(request)
}

function renderLinkPage(
  name: LinkPageName,
  { lang, service, appUrl }: { lang: Locale; service: string; appUrl: string | null },
): Html {
  const words = LINK_PAGE_WORDS[lang][name]
  const common = COMMON_WORDS[lang]
  const { path, needs } = ACTIONS[name]
  const { refused, elsewhere } = words
  const { failed, limited, noLink, otherNumber, taken, passwords } = common
  const texts = JSON.stringify({ refused, elsewhere, failed, limited, noLink, otherNumber, taken, passwords })
  return html`<h1>${words.title}</h1>
<noscript><p>${common.noScript}</p></noscript>
<div id="ask" hidden>
<p>${words.intro}</p>
<form novalidate data-path="${path}" data-needs="${needs}" data-texts="${texts}">
<div class="field" id="link-field" hidden>
<label for="link">${common.link}</label>
<input id="link" name="link" type="text" autocomplete="off" spellcheck="false" aria-describedby="problem">
</div>
${needs === 'password' ? passwordField(lang) : null}
${needs === 'number' ? numberField(lang) : null}
<p id="problem" class="problem" role="alert"></p>
<button class="button" type="submit">${words.button}</button>
</form>
</div>
<div id="done" role="status" tabindex="-1" hidden>
<p>${words.done}</p>
${appUrl && html`<p><a class="button" href="${appUrl}">${common.open(service)}</a></p>`}
</div>`
}

function passwordField(lang: Locale): Html {
  const { password, passwordHint, showPassword } = COMMON_WORDS[lang]
  return html`<input class="unseen" type="text" name="username" autocomplete="username" tabindex="-1" aria-hidden="true">
<div class="field">
<label for="password">${password}</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="8" required
  aria-describedby="password-hint problem">
<p id="password-hint" class="soft">${passwordHint}</p>
<label class="check"><input id="show" type="checkbox"> ${showPassword}</label>
</div>`
}

function numberField(lang: Locale): Html {
  const { number, numberHint } = COMMON_WORDS[lang]
  return html`<div class="field">
<label for="number" id="number-label" data-text="${number('###')}">${number('')}</label>
<input id="number" name="number" type="text" inputmode="numeric" autocomplete="off" maxlength="3"
  aria-describedby="number-hint problem">
<p id="number-hint" class="soft">${numberHint}</p>
</div>`
}
