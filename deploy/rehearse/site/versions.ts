import { execFileSync, spawnSync } from 'node:child_process'
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

const ROOT = join(import.meta.dirname, '../../..')
const MIGRATIONS = 'server/migrations/postgres'
const MAX_TRIED = 10

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

/** Returns the commits before the one that added the last migration, newest first; none in a clone without them. */
export function findEarlierCommits(): string[] {
  try {
    const added = git('log', '-1', '--topo-order', '--diff-filter=A', '--format=%H', '--', MIGRATIONS)
    if (added === '') return []
    return git('log', '--topo-order', `--max-count=${MAX_TRIED}`, '--format=%H', `${added}^`).split('\n')
  } catch {
    return [] // no repository, or one without its history
  }
}

/** The version of a commit, unpacked. */
export interface EarlierVersion {
  commit: string
  /** The script of its `tessera`. */
  command: string
}

/**
 * Builds the package of the first of some commits that compiles, as `npm pack` does, and unpacks it: not every commit in the
 * middle of a change does. Returns null if none does.
 */
export function buildPackage(folder: string, commits: readonly string[]): EarlierVersion | null {
  for (const commit of commits) {
    const own = join(folder, commit)
    mkdirSync(own)
    if (!pack(own, commit)) continue
    const file = readdirSync(own).find((name) => name.endsWith('.tgz')) ?? ''
    execFileSync('tar', ['-xzf', join(own, file), '-C', own])
    const unpacked = join(own, 'package')
    if (hasDependencies(unpacked)) linkDependencies(unpacked)
    else if (!install(unpacked)) continue
    return { commit, command: join(unpacked, 'bin/tessera.js') }
  }
  return null
}

function pack(folder: string, commit: string): boolean {
  const source = join(folder, 'source')
  mkdirSync(source)
  execFileSync('sh', ['-c', `git -C "$0" archive "$1" | tar -x -C "$2"`, ROOT, commit, source])
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'))
  const args = ['pack', '--silent', '--workspace', 'server', '--pack-destination', folder]
  return spawnSync('npm', args, { cwd: source, stdio: 'ignore' }).status === 0
}

/** Whether this checkout has what a package needs, in the same versions. */
function hasDependencies(folder: string): boolean {
  const read = (file: string) => JSON.parse(readFileSync(join(file, 'package.json'), 'utf8'))
  const here = read(join(ROOT, 'server'))
  const installed: Record<string, string> = { ...here.devDependencies, ...here.dependencies }
  return Object.entries(read(folder).dependencies).every(([name, version]) => installed[name] === version)
}

function install(folder: string): boolean {
  const file = join(folder, 'package.json')
  const { devDependencies: _, ...needed } = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify(needed)) // npm would look for versions of them that fit together
  const args = ['install', '--omit=dev', '--prefer-offline', '--no-audit', '--silent']
  return spawnSync('npm', args, { cwd: folder, stdio: 'ignore' }).status === 0
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
