import { existsSync } from 'node:fs'
import { after } from 'node:test'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = process.env['CHROMIUM'] ?? EXECUTABLES.find((path) => existsSync(path))

/** The reason to skip tests in a browser; false if there is one. */
export const noBrowser = executablePath === undefined && 'there is no Chromium here (Debian: apt-get install chromium)'

/** Starts a browser that sends no network requests except those of its pages, for tests that share it. */
export async function launchBrowser(flags: string[] = []): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: executablePath ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP *.example 127.0.0.1', // sites of their own on this machine
      ...flags,
    ],
  })
  after(() => browser.close())
  return browser
}

/** Opens a new profile in a browser of its own. */
export async function openBrowser(): Promise<BrowserContext> {
  return (await launchBrowser()).newContext()
}
