import { renderMail } from '../../mail/messages/render-mail.ts'
import { findMail, findMails, type MailRow } from '../../storage/notice/outbox.ts'
import { type Html, html } from '../../text/html.ts'
import { readRecordId } from '../../text/record-id.ts'
import { notFound } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { wantsHtml } from '../request/wants-html.ts'
import { sendHtml, sendPage } from './page.ts'
import { developerBar } from './site-links.ts'

const MAX_LISTED = 200

/** Links of a mail open in a tab of their own, where scripts run; the mail itself runs none. */
const SANDBOX = 'allow-popups allow-popups-to-escape-sandbox'

/** `GET /dev/mail`: the mails of a development server, newest first. */
export const devMail = endpoint({
  about: null,
  responses: {},
  async handle(ctx, request, reply) {
    const mails = await findMails(ctx.db, { state: null, afterId: 0, limit: MAX_LISTED })
    const listed = mails.map((mail) => ({
      id: mail.id,
      to: mail.email,
      subject: renderMessage(ctx, mail).subject,
      created_at: mail.created_at.toISOString(),
    }))
    if (!wantsHtml(request)) return { mails: listed }
    const rows = listed.map(
      ({ id, to, subject, created_at }, index) =>
        html`<li><a href="/dev/mail/${id}"><strong lang="${mails[index]?.locale ?? 'en'}">${subject}</strong><span>${to}</span><time datetime="${created_at}">${inUtc(created_at)}</time></a></li>`,
    )
    const body = html`<h1>Mailbox</h1>
<p>These mails were not sent, because <code>SMTP_URL</code> is not set. This page exists only in development, and only for addresses in
<code>DEMO_FROM</code>.</p>
${rows.length === 0 ? html`<p class="soft">No mails yet. To get one, refresh a token pair from another network or send a used refresh token again, then reload this page.</p>` : html`<ul class="mails">${rows}</ul>`}`
    return sendPage(reply, { ...developerBar(ctx.edge, request), title: 'Mailbox', body })
  },
})

/** `GET /dev/mail/:id`: one mail as its recipient would see it. */
export const devMailMessage = endpoint({
  about: null,
  params: { id: 'The id of the mail.' },
  responses: {},
  async handle(ctx, request, reply) {
    const mail = await requireMail(ctx, request.params.id)
    const message = renderMessage(ctx, mail)
    if (!wantsHtml(request)) return { id: mail.id, to: mail.email, kind: mail.kind, ...message }
    const { name, address } = ctx.edge.sender
    const created = mail.created_at.toISOString()
    const body = html`<h1 lang="${mail.locale}">${message.subject}</h1>
<dl class="facts">
<dt>To</dt><dd>${mail.email}</dd>
<dt>From</dt><dd>${name} &lt;${address}&gt;</dd>
<dt>Created</dt><dd><time datetime="${created}">${inUtc(created)}</time></dd>
</dl>
<iframe class="mail" src="/dev/mail/${mail.id}/html" sandbox="${SANDBOX}" title="The mail as HTML"></iframe>
<p><a href="/dev/mail/${mail.id}/html">The mail alone</a></p>
<h2>As text</h2>
<pre lang="${mail.locale}">${withLinks(message.text)}</pre>
<p class="after"><a href="/dev/mail">All mails</a></p>`
    const bar = developerBar(ctx.edge, request)
    return sendPage(reply, { ...bar, title: message.subject, body, allows: { 'frame-src': "'self'" } })
  },
})

/** `GET /dev/mail/:id/html`: the HTML of a mail on its own, in a sandbox. */
export const devMailHtml = endpoint({
  about: null,
  params: { id: 'The id of the mail.' },
  responses: {},
  async handle(ctx, request, reply) {
    const { html: markup } = renderMessage(ctx, await requireMail(ctx, request.params.id))
    const page = markup.replace('<head>', '<head>\n  <base target="_blank">')
    return sendHtml(reply, page, { 'style-src': "'unsafe-inline'", 'frame-ancestors': "'self'", sandbox: SANDBOX })
  },
})

async function requireMail({ db }: Pick<HttpContext, 'db'>, id: string): Promise<MailRow> {
  const mailId = readRecordId(id)
  const mail = mailId === null ? null : await findMail(db, mailId)
  if (!mail) throw notFound()
  return mail
}

function renderMessage({ edge, tokens }: Pick<HttpContext, 'edge' | 'tokens'>, mail: MailRow) {
  return renderMail(mail, edge.sender, tokens.refreshKeys)
}

/** Makes the addresses of a text links, and its code one piece that a click selects. */
function withLinks(text: string): Html[] {
  return text.split(/(https?:\/\/\S+|(?<=^ {2})[0-9A-Z]{4}-[0-9A-Z]{4}$)/m).map((part, index) => {
    if (index % 2 === 0) return html`${part}`
    if (!part.startsWith('http')) return html`<code class="pick">${part}</code>`
    return html`<a href="${part}" target="_blank" rel="noreferrer">${part}</a>`
  })
}

/** `2026-11-20 10:00 UTC` */
const inUtc = (isoTime: string) => `${isoTime.slice(0, 16).replace('T', ' ')} UTC`
