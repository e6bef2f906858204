import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../harness/free-port.ts'
import { noBrowser, openBrowser } from '../support/browser.ts'
import { linkOf } from '../support/mailbox.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { logIn } from '../support/users.ts'
import { askForProof, askForReset, linkIn, signUpReader, startSite } from './every-mail.ts'
import { press, signInAt } from './link-visit.ts'

const noProxy = spawnSync('nginx', ['-v']).error !== undefined && 'there is no nginx here'
const NEW_PASSWORD = 'a quite different one'

/** Runs nginx, which serves another server at `/auth/`, and waits until it answers. */
async function startNginx(port: number, origin: string): Promise<void> {
  const folder = temporaryFolder()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  )
  const passed = 'proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;'
  const site = `server { listen 127.0.0.1:${port}; location /auth/ { proxy_pass ${origin}/; ${passed} } }`
  const config = `daemon off; pid ${folder}/pid; error_log ${folder}/errors; events {} http { access_log off; ${temporary.join(' ')} ${site} }`
  writeFileSync(join(folder, 'nginx.conf'), config)
  const child = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], { stdio: 'ignore' })
  const ended = once(child, 'close')
  after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  while (!(await fetch(`http://127.0.0.1:${port}/auth/health`).catch(() => null))?.ok) {
    assert.equal(child.exitCode, null, 'nginx ended')
    await sleep(20)
  }
}

test('the pages work under a path of a proxy, also when a gateway has escaped the #', {
  skip: noBrowser || noProxy,
}, async () => {
  const port = await freePort()
  const server = await startSite({ PUBLIC_URL: `http://localhost:${port}/auth` })
  await startNginx(port, server.url)
  const page = await (await openBrowser()).newPage()
  const reader = await signUpReader(server)
  const mail = await askForReset(server, reader)
  const link = linkIn(mail)
  assert.ok(link.startsWith(`http://localhost:${port}/auth/reset?lang=en#`))
  for (const address of [link.replace('#', '%23'), link.replace('?lang=en#', '%23')]) {
    const { headers, status } = await fetch(address, { redirect: 'manual' })
    const location = new URL(headers.get('location') ?? '', address)
    assert.deepEqual([status, location.pathname, location.hash], [302, '/auth/reset', `#token=${linkOf(mail)}`])
  }
  await page.goto(link.replace('#', '%23'))
  await page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
  await press(page, 'Set the password')
  await page.getByText('Your new password is set.').waitFor()
  await logIn(server, reader.user.email, NEW_PASSWORD)

  const proof = await signUpReader(server)
  const verification = linkIn(await askForProof(server, proof))
  await signInAt(page, verification, proof)
  await page.goto('about:blank')
  await page.goto(verification)
  await press(page, 'Confirm')
  await page.getByText('Your address is confirmed.').waitFor()
})
