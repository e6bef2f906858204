import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Random } from '../../../torture/actors/random.ts'

const source = join(import.meta.dirname, '../../src')

/** The package as a bundler makes it for browsers. */
export async function bundle(code = "export * from './client.ts'", loader: 'ts' | 'jsx' = 'ts'): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: source, loader },
    jsx: 'automatic',
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

export interface Tab {
  page: Page
  /** Evaluates code that has the page's `client`, and `outcome(promise)`: the code of an error instead of the error. */
  run(code: string): Promise<unknown>
}

/** Opens a page with a client. A reload makes a new one. */
export async function openTab(browser: BrowserContext, url: string, options = '{}'): Promise<Tab> {
  const page = await browser.newPage()
  const begin = `const { createClient } = await import('/client.js'); window.client ??= createClient({ url: location.origin, ...(${options}) })`
  const outcome = 'const outcome = (promise) => promise.catch((error) => error.code ?? error.message)'
  await page.goto(url)
  const run = (code: string) => page.evaluate(`(async () => { ${begin}; ${outcome}; ${code} })()`)
  await run('')
  return { page, run }
}

/** From the next reload on, nothing is agreed between the tabs of a profile: the server alone keeps their session. */
export const separateTabs = (browser: BrowserContext): Promise<unknown> =>
  browser.addInitScript('delete Navigator.prototype.locks; delete window.BroadcastChannel')

/** Stops a process of the browser with the tabs in it, as on a device that sleeps, and lets it go on after a while. */
export async function freeze(browser: Browser, random: Random, milliseconds: number): Promise<void> {
  const devtools = await browser.newBrowserCDPSession()
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo')
  await devtools.detach()
  const { id } = random.pick(processInfo.filter(({ type }) => type === 'renderer'))
  process.kill(id, 'SIGSTOP')
  await sleep(milliseconds)
  process.kill(id, 'SIGCONT')
}
