import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '../../..')
let folders = 0

/** Reads the files that a page of the documentation prints: blocks of TypeScript that begin with a file's name. */
export function printedFiles(page: string): { heading: string; name: string; code: string }[] {
  return readFileSync(join(root, 'docs', page), 'utf8')
    .split(/^#+ /m)
    .flatMap((section) =>
      [...section.matchAll(/```ts (\S+)\n(.*?)```/gs)].map(([, name = '', code = '']) => ({
        heading: section.split('\n')[0] ?? '',
        name,
        code,
      })),
    )
}

/** One printed file; `heading` tells files of one name apart. */
export function printed(page: string, name: string, heading?: string): string {
  const found = printedFiles(page).filter((file) => file.name === name && file.heading === (heading ?? file.heading))
  if (found.length !== 1) throw new Error(`${page} prints ${found.length} files ${name}`)
  return found[0]?.code ?? ''
}

/** Writes files into a new folder inside the project, so that packages are found; it is deleted after the tests. */
export function folderOf(files: Record<string, string>): string {
  folders += 1
  const folder = join(root, 'node_modules/.cache/tessera-clients', `${process.pid}-${folders}`)
  for (const [name, code] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), code)
  }
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Bundles `entry.ts` of a folder into one module. In Node.js, packages stay outside of it. */
export async function bundle(folder: string, platform: 'browser' | 'node'): Promise<string> {
  const outfile = join(folder, 'bundle.mjs')
  await build({
    entryPoints: [join(folder, 'entry.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform,
    target: 'es2022',
    packages: platform === 'node' ? 'external' : 'bundle',
    logLevel: 'error',
  })
  return outfile
}
