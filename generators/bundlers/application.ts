import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/**
 * The code of an application. `start` signs in, then goes on in a second client with what the first has stored, as an app does
 * that is started again: its first call needs a refresh.
 */
const CODE = `
import { createClient, createServiceClient } from 'tessera-client'
import { SessionProvider, useSession } from 'REACT'

function storageOf(items) {
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) }
}

globalThis.start = async (url, email, password) => {
  const items = new Map()
  const first = createClient({ url, storage: storageOf(items) })
  const { user } = await first.login({ email, password })
  first.close()
  const second = createClient({ url, storage: storageOf(new Map(items)) })
  const answer = await second.fetch(url + '/api/v1/auth/me')
  second.close()
  const functions = [createServiceClient, SessionProvider, useSession].map((value) => typeof value)
  return { signedIn: user.email, afterRestart: (await answer.json()).user.email, functions: functions.join() }
}
`

/**
 * Makes a folder of an application with tessera-client and React in its `node_modules`, as npm puts them there.
 *
 * @returns the folder; its code is in `index.js`, and in `deep.js` for bundlers that do not know `exports`
 */
export function makeApplication(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-bundled-'))
  const modules = join(folder, 'node_modules')
  const client = join(modules, 'tessera-client')
  mkdirSync(client, { recursive: true })
  cpSync(join(ROOT, 'client/package.json'), join(client, 'package.json'))
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
  const built = spawnSync(process.execPath, [
    compiler,
    '-p',
    join(ROOT, 'client/tsconfig.build.json'),
    '--outDir',
    join(client, 'dist'),
  ])
  if (built.status !== 0) throw new Error(`tessera-client was not built:\n${built.stdout}${built.stderr}`)
  cpSync(join(ROOT, 'node_modules/react'), join(modules, 'react'), { recursive: true, dereference: true })
  writeFileSync(join(folder, 'package.json'), '{ "name": "application", "type": "module" }')
  writeFileSync(join(folder, 'index.js'), CODE.replace('REACT', 'tessera-client/react'))
  writeFileSync(join(folder, 'deep.js'), CODE.replace('REACT', 'tessera-client/dist/react.js'))
  return folder
}
