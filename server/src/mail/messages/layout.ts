import { html } from '../../text/html.ts'
import type { Locale } from '../../text/locale.ts'
import type { Message, MessageContent } from './message.ts'

/** Renders a mail as text and as HTML. The HTML is one column with inline styles, which mail clients support. */
export function layOut(content: MessageContent, locale: Locale): Message {
  return { subject: content.subject, text: asText(content), html: asHtml(content, locale) }
}

function asText(content: MessageContent): string {
  const { greeting, opening, code, action, goodUntil, facts, sections, closing } = content
  const widest = Math.max(...facts.map(({ label }) => label.length)) + 2
  const table = facts.map(({ label, value }) => `  ${`${label}:`.padEnd(widest)}${value}`).join('\n')
  const parts = sections.map(({ heading, paragraphs }) => [heading.toUpperCase(), ...paragraphs].join('\n\n'))
  const secrets = [
    ...(code ? [`${code.label}\n\n  ${code.code}`] : []),
    ...(action ? [`${action.label}:\n${action.url}`] : []),
    ...(goodUntil === null ? [] : [goodUntil]),
  ]
  return `${[greeting, opening, ...secrets, table, ...parts, `-- \n${closing}`].join('\n\n')}\n`
}

const TEXT = 'margin:0 0 16px;font-size:16px;line-height:1.5;color:#1f2933'
const CODE = 'margin:0 0 16px;font:600 28px/1.3 ui-monospace,Menlo,Consolas,monospace;letter-spacing:2px;color:#1f2933'
const BUTTON =
  'display:inline-block;padding:12px 22px;background:#b45309;color:#ffffff;font-size:16px;font-weight:600;text-decoration:none;border-radius:6px'
const SMALL = 'padding:7px 0;font-size:14px;line-height:1.4;vertical-align:top;border-bottom:1px solid #e4e7eb'

function asHtml(content: MessageContent, locale: Locale): string {
  const { subject, greeting, opening, code, action, goodUntil, facts, sections, closing } = content
  const rows = facts.map(
    ({ label, value }) => html`
          <tr>
            <td style="${SMALL};width:34%;padding-right:12px;color:#616e7c">${label}</td>
            <td style="${SMALL};color:#1f2933;word-break:break-word">${value}</td>
          </tr>`,
  )
  const parts = sections.map(
    ({ heading, paragraphs }) => html`
        <h2 style="margin:24px 0 8px;font-size:16px;line-height:1.4;color:#1f2933">${heading}</h2>
        ${paragraphs.map((paragraph) => html`<p style="${TEXT}">${paragraph}</p>`)}`,
  )
  const page = html`<!doctype html>
<html lang="${locale}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light">
  <title>${subject}</title>
</head>
<body style="margin:0;padding:0;background:#f1f3f5;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
  <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse">
    <tr><td align="center" style="padding:24px 12px">
      <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;border-collapse:collapse;background:#ffffff">
      <tr><td style="height:4px;background:#b45309;font-size:0;line-height:0">&nbsp;</td></tr>
      <tr><td style="padding:32px 32px 16px;text-align:left">
        <h1 style="margin:0 0 20px;font-size:21px;line-height:1.3;color:#1f2933">${subject}</h1>
        <p style="${TEXT}">${greeting}</p>
        <p style="${TEXT}">${opening}</p>
        ${code && html`<p style="${TEXT};margin-bottom:4px">${code.label}</p><p style="${CODE}">${code.code}</p>`}
        ${action && html`<p style="margin:0 0 16px"><a href="${action.url}" style="${BUTTON}">${action.label}</a></p>`}
        ${goodUntil && html`<p style="${TEXT};font-size:14px;color:#616e7c">${goodUntil}</p>`}
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse;border-top:1px solid #e4e7eb">${rows}
        </table>${parts}
      </td></tr>
      <tr><td style="padding:16px 32px 28px;font-size:13px;line-height:1.5;color:#616e7c">${closing}</td></tr>
      </table>
    </td></tr>
  </table>
</body>
</html>
`
  return String(page)
}
