// Draws the figures of a run as bars, for docs/images: an SVG that follows the colours of its reader's system.
import { writeFileSync } from 'node:fs'

export interface Bar {
  name: string
  value: number
  /** The text behind the bar. */
  text: string
  isTessera?: boolean
}

/** Bars with one scale, whose longest takes the whole width. */
export interface BarGroup {
  label: string
  bars: Bar[]
}

const WIDTH = 860
const BARS_FROM = 180
const BARS_TO = 660
const BAR_HEIGHT = 16
const STEP = 22
const LABEL_HEIGHT = 34
const TITLE_HEIGHT = 44

const STYLE = `
    text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1f2328; }
    .title { font-size: 17px; font-weight: 600; }
    .label { font-weight: 600; }
    .soft { fill: #59636e; }
    .end { text-anchor: end; }
    rect { fill: #c8ced5; }
    .tessera { fill: #0969da; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .soft { fill: #9198a1; }
      rect { fill: #3d444d; }
      .tessera { fill: #4493f8; }
    }`

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Writes a chart. Lengths are rounded to a tenth of a pixel, so that small differences leave the file readable. */
export function writeBarChart(file: string, title: string, groups: readonly BarGroup[]): void {
  let y = TITLE_HEIGHT
  const parts: string[] = []
  for (const { label, bars } of groups) {
    parts.push(`<text class="label" x="10" y="${y + 20}">${escaped(label)}</text>`)
    y += LABEL_HEIGHT
    const longest = Math.max(...bars.map(({ value }) => value))
    for (const { name, value, text, isTessera } of bars) {
      const width = (((BARS_TO - BARS_FROM) * value) / longest).toFixed(1)
      const middle = y + BAR_HEIGHT - 4
      parts.push(
        `<text class="soft end" x="${BARS_FROM - 10}" y="${middle}">${escaped(name)}</text>`,
        `<rect${isTessera ? ' class="tessera"' : ''} x="${BARS_FROM}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`,
        `<text x="${(BARS_FROM + Number(width) + 8).toFixed(1)}" y="${middle}">${escaped(text)}</text>`,
      )
      y += STEP
    }
  }
  writeFileSync(
    file,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 10}" role="img" aria-labelledby="title">
  <title id="title">${escaped(title)}</title>
  <style>${STYLE}
  </style>
  <text class="title" x="10" y="26">${escaped(title)}</text>
  ${parts.join('\n  ')}
</svg>
`,
  )
}
