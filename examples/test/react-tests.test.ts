import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../../harness/free-port.ts'
import { noBrowser } from '../../server/test/support/browser.ts'
import { notInstalled } from './example.ts'

const example = join(import.meta.dirname, '../react')
const modules = join(import.meta.dirname, '../node_modules')
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync) ?? ''

/** Runs a test runner in the example's folder, as its own user would. */
function run(runner: string, args: string[], environment: Record<string, string> = {}): string {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(modules, runner), ...args], {
    cwd: example,
    encoding: 'utf8',
    env: { CHROMIUM, ...env, NO_COLOR: '1', ...environment },
  })
  assert.equal(status, 0, stdout + stderr)
  return stdout
}

test('the tests of the page in React: the client, by Vitest', { skip: notInstalled }, () => {
  const patient = ['--testTimeout=60000', '--hookTimeout=60000'] // for a loaded machine
  assert.match(run('vitest/vitest.mjs', ['run', 'tests/session.test.js', ...patient]), /Tests\s+3 passed/)
})

test('the tests of the page in React: the page, by Playwright', {
  skip: noBrowser || notInstalled,
  timeout: 600_000, // it starts the page and a browser
}, async () => {
  const [page, tessera] = [await freePort(), await freePort()]
  const environment = { PAGE_URL: `http://localhost:${page}`, TESSERA_URL: `http://localhost:${tessera}` }
  assert.match(run('@playwright/test/cli.js', ['test', '--reporter=list'], environment), /3 passed/)
})
