import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, mock, test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { endingHash, seconds, startIssuer } from './support/issuer.ts'
import { assertRefused } from './support/refusal.ts'

afterEach(() => mock.restoreAll())

/** All that a runtime at the edge has; neither `process` nor `Buffer`, and no module of Node.js. */
const WEB = [
  ...['AbortController', 'AbortSignal', 'Headers', 'Request', 'Response', 'TextDecoder', 'TextEncoder', 'URL'],
  ...['atob', 'btoa', 'clearTimeout', 'crypto', 'fetch', 'performance', 'setTimeout', 'structuredClone'],
  ...['CryptoKey', 'Uint8Array', 'Error', 'TypeError', 'Object'],
] as const

async function bundle(): Promise<string> {
  const source = (name: string) => JSON.stringify(join(import.meta.dirname, `../src/${name}.ts`))
  const contents = `
    export * from ${source('create-verifier')}
    export * as express from ${source('express')}
    export * as fastify from ${source('fastify')}
    export * as hono from ${source('hono')}
    export * as next from ${source('next')}
  `
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'tessera',
    target: 'es2022',
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

test('a bundle for the edge has nothing of Node.js in it, and verifies with what the Web has', async (t) => {
  const code = await bundle()
  assert.doesNotMatch(code, /\bprocess\b(?!ing)|\bBuffer\b|require\(|node:/)
  t.diagnostic(`${Math.round(code.length / 1024)} KB with jose, before minification`)

  const globals = Object.fromEntries(WEB.map((name) => [name, (globalThis as Record<string, unknown>)[name]]))
  const context = createContext(globals)
  runInContext(`globalThis.WebSocketPair = function () {}; ${code}; globalThis.tessera = tessera`, context)
  const { createVerifier, next } = globals['tessera'] as typeof import('../src/create-verifier.ts') & {
    next: typeof import('../src/next.ts')
  }
  const issuer = await startIssuer()
  const sid = randomUUID()
  issuer.feed.sessions = [[endingHash(sid), seconds()]]
  const verifier = createVerifier({ issuer: issuer.url, audience: 'orders', revocations: { whenStale: 'reject' } })
  await issuer.sign()
  assert.equal(issuer.requests.length, 0, 'nothing is asked outside of requests')
  const route = next.authenticate(verifier)((_request: Request, { claims }) => Response.json({ owner: claims.sub }))
  const get = async (token: string) => {
    const request = new Request('https://api.example.com/orders', { headers: { authorization: `Bearer ${token}` } })
    return (await route(request, {})).status
  }
  assert.equal(await get(await issuer.sign()), 200)
  assert.equal(await get(await issuer.sign({ sid })), 401)
  assert.equal(await get(await issuer.sign({ exp: 1 })), 401)
})

test('a host that is kept awake does not wait for a list that is not stale', async () => {
  const { createVerifier } = await import('../src/create-verifier.ts')
  const issuer = await startIssuer()
  const awaited: Promise<unknown>[] = []
  const waitUntil = (promise: Promise<unknown>) => void awaited.push(promise)
  const verifier = createVerifier({ issuer: issuer.url, revocations: { mode: 'onDemand', waitUntil } })
  await verifier.verify(await issuer.sign())
  assert.equal(awaited.length, 0, 'the first answer is waited for')
  const dateNow = Date.now
  mock.method(Date, 'now', () => dateNow() + 6000)
  const sid = randomUUID()
  const token = await issuer.sign({ sid })
  issuer.endSession(sid)
  await verifier.verify(token)
  assert.equal(awaited.length, 1)
  await Promise.all(awaited)
  await assertRefused(verifier, token, 'ended')
})
