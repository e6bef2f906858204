// Starts an example with a Tessera of its own: `node examples/start.js react`.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname
const [name = ''] = process.argv.slice(2)
const names = readdirSync(here).filter((folder) => existsSync(join(here, folder, 'README.md')))
if (!names.includes(name)) {
  process.stderr.write(`There is no example "${name}": take one of ${names.join(', ')}.\n`)
  process.exit(1)
}

if (!existsSync(join(here, 'node_modules'))) {
  const { status } = spawnSync('npm', ['ci', '--prefix', here], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

const { tessera } = JSON.parse(readFileSync(join(here, name, 'package.json'), 'utf8'))
const data = join(here, name, 'data')
mkdirSync(data, { recursive: true })
const settings = { DATABASE_URL: `sqlite:${join(data, 'tessera.db')}`, ...tessera }
const command = join(here, '../server/bin/tessera.js')
const running = [
  spawn(process.execPath, [command, 'start'], { stdio: 'inherit', env: { ...process.env, ...settings } }),
  spawn('npm', ['start', '--prefix', join(here, name)], { stdio: 'inherit' }),
]
// An interrupt at the terminal reaches all three. If one of them ends by itself, so does the other.
for (const child of running) child.once('exit', () => running.forEach((other) => void other.kill()))
process.once('SIGTERM', () => running.forEach((child) => void child.kill()))
process.once('SIGINT', () => {})
