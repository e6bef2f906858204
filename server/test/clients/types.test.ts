import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderOf, printed, printedFiles } from './recipe.ts'

const root = join(import.meta.dirname, '../../..')
const PAGES = ['clients.md', 'clients/libraries.md', 'clients/apps.md', 'clients/auth-js.md']

/** The parts of frameworks that are not installed here, as their own declarations have them. */
const FRAMEWORKS = `
declare module 'expo-crypto' {
  export function randomUUID(): string
}
declare module 'expo-secure-store' {
  type SecureStoreOptions = { keychainAccessible?: number }
  export const AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: number
  export function getItemAsync(key: string, options?: SecureStoreOptions): Promise<string | null>
  export function setItemAsync(key: string, value: string, options?: SecureStoreOptions): Promise<void>
  export function deleteItemAsync(key: string, options?: SecureStoreOptions): Promise<void>
}
declare const $fetch: import('ofetch').$Fetch
declare function defineNuxtPlugin<T>(setup: () => T): () => T
declare function useNuxtApp(): { $api: import('ofetch').$Fetch }
declare function useFetch<T>(path: string, options: { server: boolean; $fetch: typeof $fetch }): { data: { value: T } }
`

const OPTIONS = {
  strict: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  target: 'es2022',
  lib: ['es2022', 'dom', 'dom.iterable'],
  module: 'esnext',
  moduleResolution: 'bundler',
  skipLibCheck: true,
  noEmit: true,
}

/** The printed files, each in a folder of its section with the files that it imports from other sections. */
function foldersOf(page: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const { heading, name, code } of printedFiles(page)) {
    const folder = `${page}/${heading}`.replaceAll(/\W/g, '-')
    if (page === 'clients/apps.md' && name === 'session.ts') continue
    files[`${folder}/${name}`] = code
    if (page === 'clients/apps.md') files[`${folder}/session.ts`] = printed(page, 'session.ts')
    if (page !== 'clients/libraries.md') continue
    const session = `${folder}/${name.includes('/') ? 'session/' : ''}`
    for (const file of ['session.ts', 'request.ts']) files[session + file] = printed('clients.md', file)
  }
  return files
}

test('each printed client compiles with tsc --strict, with the types of where it runs', () => {
  const all: Record<string, string> = Object.assign({}, ...PAGES.map(foldersOf))
  for (const types of [[], ['node']]) {
    const isHere = (file: string) => /Node|auth-js/.test(file) === types.length > 0
    const files = Object.fromEntries(Object.entries(all).filter(([file]) => isHere(file)))
    assert.ok(Object.keys(files).length >= 3)
    const tsconfig = JSON.stringify({ compilerOptions: { ...OPTIONS, types } })
    const folder = folderOf({
      ...files,
      'frameworks.d.ts': types.length > 0 ? '' : FRAMEWORKS,
      'tsconfig.json': tsconfig,
    })
    const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
    assert.equal(status, 0, stdout)
  }
})
