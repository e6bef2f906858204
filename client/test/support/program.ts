// A program with a session in a file, for tests that kill it: `node program.ts URL FILE [storing|stored]`. It logs in with the
// first start, and prints the user of its access token. At the point that is named, it prints that and waits.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { ADMIN } from '../../../server/test/support/users.ts'
import { createClient, type SessionStorage } from '../../src/client.ts'

const [url = '', file = '', point] = process.argv.slice(2)
const isFirst = !existsSync(file)

const stay = () => new Promise(() => setInterval(() => {}, 1000))

async function reach(here: 'storing' | 'stored'): Promise<void> {
  if (isFirst || point !== here) return
  process.stdout.write(`${here}\n`)
  await stay()
}

const storage: SessionStorage = {
  getItem: () => (existsSync(file) ? readFileSync(file, 'utf8') : null),
  async setItem(_, value) {
    await reach('storing')
    writeFileSync(`${file}.new`, value)
    renameSync(`${file}.new`, file)
    await reach('stored')
  },
  removeItem: () => rmSync(file, { force: true }),
}

const client = createClient({ url, storage })
if (isFirst) await client.login(ADMIN)
const token = await client.accessToken()
process.stdout.write(`${token && client.user?.email}\n`)
