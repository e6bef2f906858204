import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { untilListening } from '../../../harness/launch-tessera.ts'
import { emptySqliteUrl } from '../support/test-database.ts'

const root = join(import.meta.dirname, '../../..')
const skip = spawnSync('npm', ['--version']).error ? 'there is no npm here' : false

test('a SIGTERM to npm start stops the server, which outlives no npm', { skip }, async () => {
  const environment = { PORT: '0', DATABASE_URL: emptySqliteUrl(), PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '4' }
  const env = { ...environment, PATH: process.env['PATH'], HOME: process.env['HOME'] }
  const child = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  after(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL') // the whole group, also if npm has left the server behind
    } catch {
      // it is gone, as it should be
    }
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  const { url } = await untilListening({ child, output: () => output })
  assert.equal((await fetch(`${url}/health`)).status, 200)
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  for (let tries = 0; tries < 200 && (await isServing(url)); tries++) await sleep(20)
  assert.equal(await isServing(url), false, 'the server is gone')
  assert.equal(code, 0, 'npm reports the exit of the server')
})

async function isServing(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    () => true,
    () => false,
  )
}
