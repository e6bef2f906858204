import { setTimeout as sleep } from 'node:timers/promises'
import { endpoint } from '../../http/endpoint/endpoint.ts'
import type { HttpContext } from '../../http/endpoint/http-context.ts'
import { Type } from '../../http/endpoint/schema.ts'
import { deriveSecrets } from '../../mail/messages/links.ts'
import { renderMail } from '../../mail/messages/render-mail.ts'
import { findMails, type MailRow } from '../../storage/notice/outbox.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { DEFAULT_LOCALE, isLocale } from '../../text/locale.ts'
import type { Bench } from '../bench/bench.ts'
import { Input } from './input.ts'

const MAX_MAILS = 200
const MAX_WAIT_SECONDS = 30
const POLL_INTERVAL_MILLISECONDS = 50

const nullableString = Type.Union([Type.String(), Type.Null()])
const MailSchema = Type.Object({
  to: Type.String(),
  kind: Type.String(),
  subject: Type.String(),
  text: Type.String(),
  code: nullableString,
  link: nullableString,
  at: Type.String(),
})

/** `GET /test/mails`: the newest mails first, and their codes and links. It can wait for the first one. */
export const readMails = (bench: Bench) =>
  endpoint({
    about: null,
    responses: { 200: Type.Object({ mails: Type.Array(MailSchema) }) },
    async handle(ctx, request) {
      const input = new Input(request.query, ['to', 'kind', 'wait'])
      const [to, kind, waits] = [input.text('to'), input.text('kind'), input.text('wait') ?? '0']
      const address = to === null ? null : canonicalEmail(to)
      if (to !== null && address === null) input.refuse('to', 'must be an email address')
      if (!/^\d{1,2}$/.test(waits) || Number(waits) > MAX_WAIT_SECONDS)
        input.refuse('wait', `must be seconds from 0 to ${MAX_WAIT_SECONDS}`)
      input.done()
      const giveUpAt = performance.now() + Number(waits) * 1000
      for (;;) {
        await bench.writeMails()
        const all = await findMails(ctx.db, { state: null, afterId: 0, limit: MAX_MAILS })
        const mails = all.filter(
          (mail) => (address === null || mail.email === address) && (kind === null || mail.kind === kind),
        )
        if (mails.length > 0 || performance.now() >= giveUpAt || ctx.isStopping() || request.raw.socket.destroyed)
          return { mails: mails.map((mail) => mailView(ctx, mail)) }
        await sleep(POLL_INTERVAL_MILLISECONDS)
      }
    },
  })

function mailView({ edge, tokens }: HttpContext, mail: MailRow) {
  const { subject, text } = renderMail(mail, edge.sender, tokens.refreshKeys)
  const locale = isLocale(mail.locale) ? mail.locale : DEFAULT_LOCALE
  const { link, code } = deriveSecrets(mail, edge.sender, { keys: tokens.refreshKeys, locale })
  return { to: mail.email, kind: mail.kind, subject, text, code, link, at: mail.created_at.toISOString() }
}
