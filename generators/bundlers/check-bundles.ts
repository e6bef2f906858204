import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { createContext, runInContext } from 'node:vm'
import { makeApplication } from './application.ts'
import { BUNDLERS } from './bundlers.ts'

/** The parts of the Web that tessera-client uses. `process`, `Buffer`, `window` and `localStorage` are not there. */
const WEB = { fetch, URL, Headers, Request, Response, AbortController, AbortSignal, atob, performance, queueMicrotask }
const TIMERS = { setTimeout, clearTimeout }

const LOGIN = ['admin@example.com', 'password123'] as const

/** Bundles an application with each bundler, and runs it against a server with nothing of Node.js around it. */
export async function checkBundles(url: string): Promise<void> {
  const folder = makeApplication()
  try {
    for (const [name, bundle] of Object.entries(BUNDLERS)) {
      const context = createContext({ ...WEB, ...TIMERS })
      runInContext(await bundle(folder), context, { filename: `${name}.js` })
      const seen = await context['start'](url, ...LOGIN)
      const [email] = LOGIN
      assert.deepEqual(
        { ...seen },
        { signedIn: email, afterRestart: email, functions: 'function,function,function' },
        name,
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
