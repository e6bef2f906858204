import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * Returns the serious and critical findings of axe-core on a page, each with the elements. The browser context must be one
 * with `bypassCSP`: the policies of our pages allow no script of a test.
 */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const violations: string[][] = await page.evaluate(
    `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ impact, id, nodes }) => [impact, id, ...nodes.map(({ target }) => target.join(' '))]))`,
  )
  return violations.filter(([impact]) => impact === 'serious' || impact === 'critical').map((each) => each.join(' '))
}
