import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

const ROOT = join(import.meta.dirname, '../../..')
const MIGRATIONS = 'server/migrations/postgres'

/**
 * Copies this checkout's server, with migrations added, as the version to come.
 *
 * @param migrations the text of each file by its name
 * @returns the script of its `tessera`
 */
export function copyVersion(folder: string, migrations: Record<string, string>): string {
  const copy = join(mkdtempSync(join(folder, 'version-')), 'server')
  mkdirSync(copy)
  for (const part of ['bin', 'src', 'assets', 'migrations', 'package.json'])
    cpSync(join(ROOT, 'server', part), join(copy, part), { recursive: true })
  linkDependencies(copy)
  for (const [name, text] of Object.entries(migrations)) writeFileSync(join(copy, 'migrations/postgres', name), text)
  return join(copy, 'bin/tessera.js')
}

/** Returns the commit before the one that added the last migration; null in a clone without it. */
export function findEarlierCommit(): string | null {
  try {
    const added = git('log', '-1', '--topo-order', '--diff-filter=A', '--format=%H', '--', MIGRATIONS)
    return added === '' ? null : git('rev-parse', '--verify', '--quiet', `${added}^`)
  } catch {
    return null // no repository, or one without its history
  }
}

/** Builds the package of a commit as `npm pack` does, and unpacks it. @returns the script of its `tessera` */
export function buildPackage(folder: string, commit: string): string {
  const source = join(folder, 'source')
  mkdirSync(source)
  execFileSync('sh', ['-c', `git -C "$0" archive "$1" | tar -x -C "$2"`, ROOT, commit, source])
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'))
  execFileSync('npm', ['pack', '--silent', '--workspace', 'server', '--pack-destination', folder], {
    ...{ cwd: source, stdio: ['ignore', 'ignore', 'inherit'] },
  })
  const file = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
  execFileSync('tar', ['-xzf', join(folder, file), '-C', folder])
  const unpacked = join(folder, 'package')
  if (hasSameDependencies(unpacked)) linkDependencies(unpacked)
  else execFileSync('npm', ['install', '--omit=dev', '--prefer-offline', '--no-audit', '--silent'], { cwd: unpacked })
  return join(unpacked, 'bin/tessera.js')
}

function hasSameDependencies(folder: string): boolean {
  const dependencies = (file: string) => JSON.parse(readFileSync(join(file, 'package.json'), 'utf8')).dependencies
  return isDeepStrictEqual(dependencies(folder), dependencies(join(ROOT, 'server')))
}

/** Links what `npm ci` installed; some packages are in the workspace's own folder, in another version. */
function linkDependencies(folder: string): void {
  const own = join(ROOT, 'server/node_modules')
  if (existsSync(own)) symlinkSync(own, join(folder, 'node_modules'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, '../node_modules'))
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}
