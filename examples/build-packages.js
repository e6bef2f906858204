// Builds the packages of this repository into this folder's node_modules, where an application has them after `npm install`.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const modules = join(import.meta.dirname, 'node_modules')
const compiler = join(modules, 'typescript/bin/tsc')

for (const [folder, name] of [
  ['client', 'tessera-client'],
  ['verify', 'tessera-verify'],
  ['testing', 'tessera-test'],
  ['server', 'tessera-auth'],
]) {
  const source = join(import.meta.dirname, '..', folder)
  const target = join(modules, name)
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  for (const part of ['package.json', 'bin', 'assets', 'migrations'])
    if (existsSync(join(source, part))) cpSync(join(source, part), join(target, part), { recursive: true })
  // The server's own dependencies are those of this repository.
  if (folder === 'server') symlinkSync(join(import.meta.dirname, '../node_modules'), join(target, 'node_modules'))
  const project = join(source, 'tsconfig.build.json')
  const arguments_ = [compiler, '-p', project, '--outDir', join(target, 'dist')]
  const { status } = spawnSync(process.execPath, arguments_, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${folder} was not built: run "npm ci" in the project's folder first`)
}
