import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { send } from '../../server/test/support/server.ts'
import { builtPackage } from './support/built-package.ts'
import { seconds, startIssuer } from './support/issuer.ts'
import { until } from './support/refusal.ts'

const root = join(import.meta.dirname, '../..')
const built = builtPackage()

function blocks(file: string, language: string, section = /^/): string[] {
  const text = readFileSync(join(root, file), 'utf8')
    .split(/^## /m)
    .filter((part) => section.test(part))
    .join('')
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, block = '']) => block)
}

/** A module that prints the port a process listens on: the examples themselves print nothing. */
const REPORT_PORT = `data:text/javascript,${encodeURIComponent(`
  import { tracingChannel } from 'node:diagnostics_channel'
  const report = ({ server }) => process.stdout.write('port ' + server.address().port + '\\n')
  tracingChannel('net.server.listen').subscribe({ asyncEnd: report })
`)}`

/** Runs an example as printed; returns its address. */
async function run(file: string, environment: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, ['--import', REPORT_PORT, file], { env: { PORT: '0', ...environment } })
  const ended = once(child, 'close')
  after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  await until(() => /^port \d+$/m.test(output), 'it does not listen').catch((error) =>
    assert.fail(`${error}\n${output}`),
  )
  return `http://localhost:${/^port (\d+)$/m.exec(output)?.[1]}`
}

const guide = blocks('docs/protecting-your-api.md', 'js', /^With tessera-verify/)
const examples = [...blocks('README.md', 'js'), ...blocks('verify/README.md', 'js'), ...guide]

test('the README, that of the package and the guide print five APIs', () => {
  assert.equal(examples.length, 5)
  assert.ok(examples.every((code) => code.includes('tessera-verify')))
})

for (const [index, code] of examples.entries()) {
  const name = /from '(express|fastify|hono)'/.exec(code)?.[1] ?? ''
  test(`the printed example ${index + 1}, for ${name}, lets Tessera’s tokens pass and hears of a logout`, async () => {
    const issuer = await startIssuer()
    const url = await run(built.write(`example-${index}.mjs`, code), { TESSERA_URL: issuer.url })
    const ask = async (token: string, path = '/orders', method = 'GET') => {
      const { status } = await send(url + path, { method }, token === '' ? {} : { bearer: token })
      return status
    }
    const sid = crypto.randomUUID()
    const token = await issuer.sign({ sid })
    assert.deepEqual([await ask(token), await ask(''), await ask(`${token}x`)], [200, 401, 401])
    assert.equal(await ask(await issuer.sign({ aud: 'payments' })), 401)
    if (code.includes('requireRole')) {
      const admin = await issuer.sign({ role: 'admin', auth_time: seconds() })
      assert.deepEqual([await ask(token, '/orders', 'DELETE'), await ask(admin, '/orders', 'DELETE')], [403, 204])
      assert.deepEqual([await ask(token, '/payments', 'POST'), await ask(admin, '/payments', 'POST')], [403, 204])
    }
    issuer.endSession(sid)
    await until(async () => (await ask(token)) === 401)
  })

  test(`the printed example ${index + 1}, for ${name}, does not start without an issuer`, () => {
    const file = built.write(`no-issuer-${index}.mjs`, code)
    const { status, stderr } = spawnSync(process.execPath, [file], { env: { PORT: '0' }, encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(stderr, /TypeError: tessera-verify: .*(environment variable|issuer)/)
  })
}

test('the adapters fit the types of each framework, strictly, and of a route handler', () => {
  const [route = ''] = blocks('docs/protecting-your-api.md', 'ts', /^With tessera-verify/)
  built.write(
    'route.ts',
    `declare const process: { env: Record<'TESSERA_URL', string | undefined> }\n${route}
    type Context = { params: Promise<{ id: string }> }
    const check: (request: Request, context: Context) => Promise<Response | void> | Response | void = GET
    void check
  `,
  )
  built.write(
    'apps.ts',
    `
    import express from 'express'
    import fastify from 'fastify'
    import { Hono } from 'hono'
    import { createVerifier, VerifyError, type Claims } from 'tessera-verify'
    import * as e from 'tessera-verify/express'
    import * as f from 'tessera-verify/fastify'
    import * as h from 'tessera-verify/hono'
    const verifier = createVerifier({ issuer: 'https://auth.example.com' })
    express().use(e.authenticate(verifier)).get('/', e.requireRole(['a', 'b']), (request, response) => {
      const claims: Claims | undefined = request.claims
      response.json(claims)
    })
    const app = fastify()
    app.addHook('onRequest', f.authenticate(verifier))
    app.get('/', { onRequest: [f.requireStepUp({ maxAgeSeconds: 1 })] }, async (request) => f.claimsOf(request).sub)
    const hono = new Hono<{ Variables: h.ClaimsVariables }>()
    hono.use(h.authenticate(verifier))
    hono.get('/', h.requireRole('admin'), (c) => c.json(c.get('claims').sub))
    export const codes = (error: unknown) => error instanceof VerifyError && error.code === 'ended'
  `,
  )
  const options = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    module: 'nodenext',
    target: 'es2022',
  }
  const compilerOptions = { ...options, types: ['node'], lib: ['es2022', 'dom'], noEmit: true }
  built.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', built.folder], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})
