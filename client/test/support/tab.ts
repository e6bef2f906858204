import { join } from 'node:path'
import { build } from 'esbuild'
import type { BrowserContext, Page } from 'playwright-core'

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
export async function openTab(browser: BrowserContext, url: string, options = '{}', before = ''): Promise<Tab> {
  const page = await browser.newPage()
  const begin = `${before}; const { createClient } = await import('/client.js'); window.client ??= createClient({ url: location.origin, ...(${options}) })`
  const outcome = 'const outcome = (promise) => promise.catch((error) => error.code ?? error.message)'
  await page.goto(url)
  const run = (code: string) => page.evaluate(`(async () => { ${begin}; ${outcome}; ${code} })()`)
  await run('')
  return { page, run }
}
