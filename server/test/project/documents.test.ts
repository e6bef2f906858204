import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startServer, type TestServer } from '../support/server.ts'
import { ADMIN, logIn } from '../support/users.ts'
import { namesMail, variablesOf } from './document-variables.ts'

const root = join(import.meta.dirname, '../../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).sort()]
const missing = (program: string) => (spawnSync(program, ['--version']).error ? `there is no ${program} here` : false)
const skip = missing('curl')

function blocks(file: string, language: string): string[] {
  return [...read(file).matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, block = '']) => block)
}

/** Runs shell lines as printed, except for the server's address; returns the statuses of the answers. */
async function runShell(
  server: TestServer,
  block: string,
  environment: Record<string, string> = {},
): Promise<string[]> {
  const commands = block.replaceAll('http://localhost:3000', server.url)
  const statuses = commands.replaceAll(/^curl /gm, `curl -s -o /dev/null -w '%{http_code}\\n' `)
  const env = { PATH: process.env['PATH'] ?? '', ...environment }
  const { stdout } = await promisify(execFile)('sh', ['-euc', statuses], { env })
  return stdout.trim().split('\n')
}

/**
 * The blocks of a page that need something which its reader has from elsewhere, a code out of a mail or the tokens of a
 * login, and the blocks that run as one script.
 */
function split(examples: readonly string[]): [alone: readonly string[], together: readonly string[]] {
  const together = examples.filter((block) => !namesMail(block))
  const signsIn = /^(eval|(ACCESS|REFRESH)_TOKEN=)/m.test(together.join('\n'))
  if (!signsIn && /\$\w+_TOKEN/.test(together.join('\n'))) return [examples, []]
  return [examples.filter(namesMail), together]
}

for (const file of pages) {
  const examples = blocks(file, 'bash')
  if (examples.length === 0) continue
  test(`every shell line of ${file} works as printed, from top to bottom`, {
    skip: skip || missing('jq'),
  }, async () => {
    const server = await startServer({ EMAIL_LOGIN: 'on', SERVICE_KEYS: 'orders:introspect:orders-service-key' })
    const [alone, together] = split(examples)
    const script = together.join('\n')
    const statuses = script === '' ? [] : await runShell(server, script)
    assert.equal(statuses.length, script.match(/^curl /gm)?.length ?? 0)
    for (const block of alone) statuses.push(...(await runShell(server, block, await variablesOf(server, block))))
    for (const status of statuses) assert.match(status, /^20[024]$/, statuses.join(' '))
  })
}

// The examples as the description of the JWT API prints them; only the placeholders are filled in.
const LOGIN = `curl -X POST http://localhost:3000/api/v1/auth/login \\
  -H "Content-Type: application/json" \\
  -d '{
    "email": "admin@example.com",
    "password": "password123"
  }'
`
const REFRESH = `curl -X POST http://localhost:3000/api/v1/auth/refresh \\
  -H "Content-Type: application/json" \\
  -d '{
    "refresh_token": "your_refresh_token_here"
  }'
`
const LOGOUT = REFRESH.replace('/refresh ', '/logout ')
const ME = `curl -X GET http://localhost:3000/api/v1/auth/me \\
  -H "Authorization: Bearer your_access_token_here"
`

test('the curl examples of the JWT API work as printed, in order', { skip }, async () => {
  const server = await startServer()
  assert.deepEqual(await runShell(server, LOGIN), ['200'])
  const { access_token, refresh_token } = await logIn(server, ADMIN.email, ADMIN.password)
  const fill = (example: string) =>
    example.replace('your_refresh_token_here', refresh_token).replace('your_access_token_here', access_token)
  assert.deepEqual(await runShell(server, fill(REFRESH)), ['200'])
  assert.deepEqual(await runShell(server, fill(REFRESH)), ['200'], 'again, with the token it keeps')
  assert.deepEqual(await runShell(server, fill(ME)), ['200'])
  assert.deepEqual(await runShell(server, fill(LOGOUT)), ['200'])
  assert.deepEqual(await runShell(server, fill(LOGOUT)), ['401'])
  assert.deepEqual(await runShell(server, ME), ['401'])
})

test('links between pages lead to existing files', () => {
  for (const file of [...pages, 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md']) {
    for (const [, target = ''] of read(file).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.ok(read(join(file, '..', target)).length > 0, `${file} -> ${target}`)
    }
  }
})

test('each promise of docs/security.md names an existing test', () => {
  const rows = [...read('docs/security.md').matchAll(/^\| .* \| ([\w-]+): "(.*)" \|$/gm)]
  assert.ok(rows.length >= 20)
  for (const [, file, title = ''] of rows) {
    const text = read(globSync(`server/test/**/${file}.test.ts`, { cwd: root })[0] ?? `no test file ${file}`)
    assert.ok(
      [`test('${title}'`, `test("${title}"`].some((declared) => text.includes(declared)),
      `${file}: ${title}`,
    )
  }
})
