import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { launchBrowser, noBrowser } from '../../server/test/support/browser.ts'
import { temporaryFolder } from '../../server/test/support/test-database.ts'
import { ADMIN } from '../../server/test/support/users.ts'
import { startGateway } from './support/gateway.ts'
import { bundle, openTab } from './support/tab.ts'

const root = join(import.meta.dirname, '../..')
const examples = (file: string, language: string) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(
    ([, code = '']) => code,
  )

test('the examples in JavaScript of docs/clients.md and of the README run as printed', async (t) => {
  const serviceKey = '0123456789abcdef0123456789abcdef'
  const gateway = await startGateway({ PAIR_ISSUANCE: 'service', SERVICE_KEYS: serviceKey })
  const printed = [...examples('docs/clients.md', 'js'), ...examples('client/README.md', 'js')]
  assert.equal(printed.length, 3)
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'client.mjs'), await bundle())
  const log = t.mock.method(console, 'log', () => {})
  for (const [index, code] of printed.entries()) {
    const file = join(folder, `example-${index}.mjs`)
    writeFileSync(
      file,
      code.replace("'tessera-client'", "'./client.mjs'").replaceAll('http://localhost:3000', gateway.url),
    )
    await import(file)
  }
  const printedTexts = log.mock.calls.map(({ arguments: words }) => words.join(' '))
  assert.deepEqual(printedTexts, [`${ADMIN.email} ${ADMIN.email}`, '3', ADMIN.email, ADMIN.email])
})

test('the component of docs/clients.md shows who is signed in, in strict mode, and follows a logout', {
  skip: noBrowser,
}, async () => {
  const [component = ''] = examples('docs/clients.md', 'jsx')
  const code = `
    import { createElement, StrictMode } from 'react'
    import { createRoot } from 'react-dom/client'
    import { createClient } from './client.ts'
    ${component.replace("'tessera-client/react'", "'./react.ts'")}
    const client = window.client = createClient({ url: location.origin })
    const place = document.body.appendChild(document.createElement('main'))
    createRoot(place).render(createElement(StrictMode, null, createElement(App)))
    export { createClient }`
  const gateway = await startGateway({}, await bundle(code, 'jsx'))
  const profile = await (await launchBrowser()).newContext()
  const { page, run } = await openTab(profile, gateway.url)
  await page.getByText('Please sign in').waitFor()
  await run(`return client.login(${JSON.stringify(ADMIN)})`)
  await page.getByText(`Hello ${ADMIN.email}`).waitFor()
  await page.reload()
  const before = gateway.refreshes()
  await run('')
  await page.getByText(`Hello ${ADMIN.email}`).waitFor()
  assert.equal(gateway.refreshes(), before + 1, 'effects that run twice refresh once')
  await run('return client.logout()')
  await page.getByText('Please sign in').waitFor()
})
