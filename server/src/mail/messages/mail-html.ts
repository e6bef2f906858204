import { type Html, html } from '../../text/html.ts'
import type { Locale } from '../../text/locale.ts'
import type { Link, MessageContent } from './message.ts'

// Mail clients keep inline styles, so these alone make the mail in light colours. Those that also keep the style sheet
// show it in dark colours, and on a phone with narrow edges. The colours are those of the pages (`assets/page.css`).
const INK = 'color:#1c1917'
const SOFT = 'color:#57534e'
const LINE = 'border-bottom:1px solid #e7e5e4'
const TEXT = `margin:0 0 16px;font-size:16px;line-height:1.5;${INK}`
const CODE = `margin:0 0 16px;font:600 28px/1.3 ui-monospace,Menlo,Consolas,monospace;letter-spacing:2px;-webkit-user-select:all;user-select:all;${INK}`
const FACT = `padding:8px 0;font-size:14px;line-height:1.45;vertical-align:top;${LINE}`

const STYLE_SHEET = `
    :root { color-scheme: light dark; supported-color-schemes: light dark }
    @media (prefers-color-scheme: dark) {
      .paper { background: #1c1917 !important }
      .card { background: #262220 !important }
      .ink { color: #f5f5f4 !important }
      .soft { color: #b5aea8 !important }
      .line { border-color: #3a3532 !important }
      .accent { background: #fbbf24 !important; color: #1c1917 !important }
    }
    @media (max-width: 480px) {
      .around { padding: 0 !important }
      .inside { padding-left: 20px !important; padding-right: 20px !important }
    }
`

/** Renders a mail as one column of HTML, at most 560 pixels wide. It loads nothing. */
export function mailHtml(content: MessageContent, locale: Locale): string {
  const { subject, greeting, opening, code, action, goodUntil, facts, sections, home, closing } = content
  const page = html`<!doctype html>
<html lang="${locale}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="supported-color-schemes" content="light dark">
  <title>${subject}</title>
  <style>${STYLE_SHEET}  </style>
</head>
<body class="paper" style="margin:0;padding:0;background:#f5f5f4;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
  <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse">
    <tr><td class="around" align="center" style="padding:24px 12px">
      <table class="card" role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;border-collapse:collapse;background:#ffffff">
      <tr><td class="accent" style="height:4px;background:#b45309;font-size:0;line-height:0">&nbsp;</td></tr>
      <tr><td class="inside" style="padding:32px 32px 16px;text-align:left">
        <h1 class="ink" style="margin:0 0 20px;font-size:22px;line-height:1.3;${INK}">${subject}</h1>
        <p class="ink" style="${TEXT}">${greeting}</p>
        <p class="ink" style="${TEXT}">${opening}</p>
        ${code && renderCode(code)}${action && renderButton(action)}${goodUntil && html`<p class="soft" style="${TEXT};font-size:14px;${SOFT}">${goodUntil}</p>`}
        <table role="presentation" class="line" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse;border-top:1px solid #e7e5e4">${facts.map(renderFact)}
        </table>${sections.map(renderSection)}${home && action === null ? renderButton(home) : null}
      </td></tr>
      <tr><td class="inside soft" style="padding:8px 32px 28px;font-size:13px;line-height:1.5;${SOFT}">${closing}${home && action ? renderHome(home) : null}</td></tr>
      </table>
    </td></tr>
  </table>
</body>
</html>
`
  return String(page)
}

const renderFact = ({ label, value }: MessageContent['facts'][number]): Html => html`
          <tr>
            <td class="line soft" style="${FACT};width:34%;padding-right:12px;${SOFT}">${label}</td>
            <td class="line ink" style="${FACT};${INK};word-break:break-word;overflow-wrap:anywhere">${value}</td>
          </tr>`

const renderSection = ({ heading, paragraphs }: MessageContent['sections'][number]): Html => html`
        <h2 class="ink" style="margin:24px 0 8px;font-size:16px;line-height:1.4;${INK}">${heading}</h2>
        ${paragraphs.map((paragraph) => html`<p class="ink" style="${TEXT}">${paragraph}</p>`)}`

const renderCode = ({
  label,
  code,
}: {
  label: string
  code: string
}): Html => html`<p class="ink" style="${TEXT};margin-bottom:4px">${label}</p>
        <p class="ink" style="${CODE}">${code}</p>`

/** A button of 44 pixels, which a finger hits. The colour is the cell's too, for clients that pad no links. */
const renderButton = ({ label, url }: Link): Html => html`
        <table role="presentation" cellpadding="0" cellspacing="0" style="margin:24px 0"><tr>
          <td class="accent" align="center" style="border-radius:8px;background:#b45309"><a class="accent" href="${url}" style="display:inline-block;padding:12px 24px;border-radius:8px;background:#b45309;color:#ffffff;font-size:16px;font-weight:600;line-height:20px;text-decoration:none">${label}</a></td>
        </tr></table>`

const renderHome = ({ label, url }: Link): Html => html`<br><a class="soft" href="${url}" style="${SOFT}">${label}</a>`
