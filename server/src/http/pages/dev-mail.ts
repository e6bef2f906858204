import { renderMail } from '../../mail/messages/render-mail.ts'
import { findMail, findMails, type MailRow } from '../../storage/notice/outbox.ts'
import { html } from '../../text/html.ts'
import { readRecordId } from '../../text/record-id.ts'
import { notFound } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { wantsHtml } from '../request/wants-html.ts'
import { sendHtml, sendPage } from './page.ts'

const MAX_LISTED = 200

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
      ({ id, to, subject, created_at }) =>
        html`<tr><td><a href="/dev/mail/${id}">${subject}</a></td><td>${to}</td><td>${created_at.slice(0, 19).replace('T', ' ')}</td></tr>`,
    )
    const body = html`
<p>These mails were not sent, because <code>SMTP_URL</code> is not set. This page exists only in development, and only for addresses in
<code>DEMO_FROM</code>.</p>
${rows.length === 0 ? html`<p class="soft">No mails yet. To get one, refresh a token pair from another network or send a used refresh token again, then reload this page.</p>` : html`<div class="scroll" tabindex="0"><table><thead><tr><th>Subject</th><th>To</th><th>Created (UTC)</th></tr></thead><tbody>${rows}</tbody></table></div>`}
<p><a href="/">Back</a></p>`
    return sendPage(reply, { title: 'Mailbox', body })
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
    const body = html`
<p><a href="/dev/mail">All mails</a></p>
<table><tbody>
<tr><th>To</th><td>${mail.email}</td></tr>
<tr><th>From</th><td>${ctx.edge.sender.name} &lt;${ctx.edge.sender.address}&gt;</td></tr>
<tr><th>Created</th><td>${mail.created_at.toISOString()}</td></tr>
</tbody></table>
<h2>HTML</h2>
<iframe src="/dev/mail/${mail.id}/html" sandbox title="The HTML of the mail"></iframe>
<h2>Text</h2>
<pre class="wrap">${message.text}</pre>`
    return sendPage(reply, { title: message.subject, body })
  },
})

/** `GET /dev/mail/:id/html`: the HTML of a mail on its own, in a sandbox. */
export const devMailHtml = endpoint({
  about: null,
  params: { id: 'The id of the mail.' },
  responses: {},
  async handle(ctx, request, reply) {
    const { html: markup } = renderMessage(ctx, await requireMail(ctx, request.params.id))
    return sendHtml(reply, markup, "style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox")
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
