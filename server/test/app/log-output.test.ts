import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../harness/free-port.ts'
import { endProcess, launchTessera, spawnTessera } from '../../../harness/launch-tessera.ts'
import { send } from '../support/server.ts'
import { temporaryFolder } from '../support/test-database.ts'

const environment = { PORT: '0', BCRYPT_COST: '4', PASSWORD_HASH: 'bcrypt', RATE_LIMIT: 'off' }
const skip = process.platform !== 'linux' && 'needs the devices and limits of Linux'

async function untilHealthy(url: string): Promise<void> {
  const isHealthy = () =>
    send(`${url}/health`, {}).then(
      ({ status }) => status === 200,
      () => false,
    )
  while (!(await isHealthy())) await sleep(20)
}

/** Sends requests whose log lines have three thousand characters each. */
async function makeLines(url: string, lines: number): Promise<void> {
  for (let sent = 0; sent < lines; sent += 50) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(`${url}/${'x'.repeat(3000)}`, {})))
    for (const { status } of answers) assert.equal(status, 404)
  }
}

const jsonLines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))

test('a log that is full from the beginning stops neither the service nor its end', { skip }, async () => {
  const port = await freePort()
  const folder = temporaryFolder()
  const started = spawnTessera(['start'], {
    folder,
    environment: { ...environment, PORT: String(port) },
    shell: 'exec > /dev/full',
  })
  const url = `http://127.0.0.1:${port}`
  await untilHealthy(url)
  await makeLines(url, 500)
  assert.equal(await endProcess(started.child, 'SIGTERM'), 0)
  assert.match(started.output(), /The log cannot be written: ENOSPC/)
  assert.equal(started.output().match(/The log cannot be written/g)?.length, 1)
})

test('standard output and standard error on one full disk stop nothing either', { skip }, async () => {
  const port = await freePort()
  const options = { folder: temporaryFolder(), environment: { ...environment, PORT: String(port) } }
  const { child } = spawnTessera(['start'], { ...options, shell: 'exec > /dev/full 2>&1' })
  await untilHealthy(`http://127.0.0.1:${port}`)
  assert.equal(await endProcess(child, 'SIGTERM'), 0)
})

test('a log whose reader stalls keeps a bounded number of lines, counts the others, and continues with the reader', async () => {
  const server = await launchTessera({ folder: temporaryFolder(), environment })
  const { stdout } = server.child
  stdout?.pause()
  await makeLines(server.url, 1000)
  stdout?.resume()
  while (!/lines were dropped/.test(server.output())) await sleep(20)
  const lines = jsonLines(server.output())
  const dropped = lines.find(({ msg }) => /lines were dropped/.test(msg))
  const kept = lines.filter(({ status }) => status === 404)
  assert.equal(kept.length + dropped.lines, 1000)
  assert.ok(kept.length * 3000 < 2_000_000)
  stdout?.pause()
  await makeLines(server.url, 300)
  assert.equal(await endProcess(server.child, 'SIGTERM'), 0)
})

test('a stop does not wait for a reader that stalls, even where writing blocks a thread', { skip }, async () => {
  const fifo = join(temporaryFolder(), 'log')
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0)
  const port = await freePort()
  // The other end is open and never read. When the second process ends, it makes the pipe block again.
  const blocking = `exec 9<> ${fifo} > ${fifo}; { (${process.execPath} -e 'setTimeout(() => {}, 1500)'; : > ${fifo}.ended) & }`
  const { child } = spawnTessera(['start'], {
    folder: temporaryFolder(),
    environment: { ...environment, PORT: String(port) },
    shell: blocking,
  })
  const url = `http://127.0.0.1:${port}`
  await untilHealthy(url)
  while (!existsSync(`${fifo}.ended`)) await sleep(20)
  await makeLines(url, 300)
  const since = performance.now()
  await endProcess(child, 'SIGTERM')
  assert.ok(performance.now() - since < 10_000)
})

test('writing continues when a full disk has room again, without a broken line', {
  skip: skip || (!existsSync('/usr/bin/prlimit') && 'there is no prlimit here'),
}, async () => {
  const folder = temporaryFolder()
  const log = join(folder, 'out.log')
  const limitBytes = 8_000_000 // more than the database needs
  writeFileSync(log, `${'x'.repeat(limitBytes - 20_000)}\n`)
  const shell = `trap '' XFSZ; ulimit -S -f ${limitBytes / 512}`
  const server = await launchTessera({ folder, environment, log, shell })
  await makeLines(server.url, 500)
  assert.equal((await send(`${server.url}/openapi.json`, {})).status, 200)
  assert.equal(spawnSync('prlimit', ['--pid', String(server.child.pid), '--fsize=unlimited:']).status, 0)
  while (!/lines were dropped/.test(server.output())) await sleep(20)
  const lines = jsonLines(readFileSync(log, 'utf8').slice(limitBytes - 20_000))
  assert.ok(lines.some(({ status, path }) => status === 200 && path === '/openapi.json'))
  assert.equal(await endProcess(server.child, 'SIGTERM'), 0)
})
