import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
/** Inside a node_modules folder, as users have it; the dependencies are found further up. */
const PACKAGE = join(ROOT, 'node_modules/.cache/bench/node_modules/tessera-auth')

/** Builds the package as it would be published. Returns the path of its command. */
export function buildPackage(): string {
  rmSync(PACKAGE, { recursive: true, force: true })
  for (const part of ['assets', 'bin', 'migrations', 'package.json'])
    cpSync(join(ROOT, 'server', part), join(PACKAGE, part), { recursive: true })
  const compile = ['tsc', '-p', 'server/tsconfig.build.json', '--outDir', join(PACKAGE, 'dist')]
  execFileSync('npx', compile, { cwd: ROOT, stdio: 'inherit' })
  return join(PACKAGE, 'bin/tessera.js')
}
