// Builds tessera-client and tessera-verify into this folder's node_modules, where an application has them after `npm install`.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const modules = join(import.meta.dirname, 'node_modules')
const compiler = join(modules, 'typescript/bin/tsc')

for (const folder of ['client', 'verify']) {
  const source = join(import.meta.dirname, '..', folder)
  const target = join(modules, `tessera-${folder}`)
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  cpSync(join(source, 'package.json'), join(target, 'package.json'))
  const project = join(source, 'tsconfig.build.json')
  const arguments_ = [compiler, '-p', project, '--outDir', join(target, 'dist')]
  const { status } = spawnSync(process.execPath, arguments_, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${folder} was not built: run "npm ci" in the project's folder first`)
}
