import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'

const root = join(import.meta.dirname, '../../..')

/** Builds the package into a new folder of the project, where programs that are written into it find it by its name. */
export function builtPackage(): { folder: string; write: (name: string, code: string) => string } {
  const folder = join(root, 'node_modules/.cache/tessera-verify', String(process.pid))
  const built = join(folder, 'node_modules/tessera-verify')
  mkdirSync(built, { recursive: true })
  after(() => rmSync(folder, { recursive: true, force: true }))
  const tsc = join(root, 'node_modules/.bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', join(root, 'verify/tsconfig.build.json'), '--outDir', join(built, 'dist')])
  copyFileSync(join(root, 'verify/package.json'), join(built, 'package.json'))
  return {
    folder,
    write(name, code) {
      const file = join(folder, name)
      writeFileSync(file, code)
      return file
    },
  }
}
