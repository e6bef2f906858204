import { readFileSync } from 'node:fs'
import type { BrowserContext, Page } from 'playwright-core'
import { bundle, folderOf } from './recipe.ts'
import { listen } from './stage.ts'

/** Serves an empty page, and the bundle of the files as `/client.js`; returns its address. */
export async function servePage(files: Record<string, string>): Promise<string> {
  const script = readFileSync(await bundle(folderOf(files), 'browser'), 'utf8')
  return listen((request, response) => {
    if (request.url === '/client.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    else response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>app</title>')
  })
}

export interface Tab {
  page: Page
  /** Evaluates code with the exports of the bundle in `client`. */
  run(code: string): Promise<unknown>
}

export async function openTab(browser: BrowserContext, address: string): Promise<Tab> {
  const page = await browser.newPage()
  await page.goto(address)
  const run = (code: string) => page.evaluate(`(async () => { const client = await import('/client.js'); ${code} })()`)
  return { page, run }
}
