import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const DEBIAN = '/usr/lib/postgresql'

let folder: string | undefined
let account: { uid?: number; gid?: number } | undefined

/** Returns the folder of PostgreSQL's programs: that of Debian's newest package, else that of `pg_config`. */
function programFolder(): string {
  folder ??= [...debianFolders(), configuredFolder()].find(
    (candidate) => candidate !== '' && existsSync(join(candidate, 'initdb')),
  )
  if (!folder)
    throw new Error(`PostgreSQL's server programs were not found in ${DEBIAN}/*/bin or by pg_config: install them.`)
  return folder
}

function debianFolders(): string[] {
  if (!existsSync(DEBIAN)) return []
  const versions = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(DEBIAN, version, 'bin'))
}

function configuredFolder(): string {
  try {
    return execFileSync('pg_config', ['--bindir'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

/** Returns the account that runs PostgreSQL, which refuses to run as root: then the system user `postgres`. */
export function databaseAccount(): { uid?: number; gid?: number } {
  if (account) return account
  if (process.getuid?.() !== 0) {
    account = {}
    return account
  }
  const id = (kind: string) => Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }))
  account = { uid: id('-u'), gid: id('-g') }
  return account
}

/** Options of every program: a working directory that its account may enter, and no `PG…` setting of the caller. */
export function programOptions(): SpawnOptions {
  return { ...databaseAccount(), cwd: '/', env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' } }
}

export function programPath(name: string): string {
  return join(programFolder(), name)
}

/** Runs one of PostgreSQL's programs to its end. */
export async function runProgram(name: string, args: string[]): Promise<void> {
  const child: ChildProcess = spawn(programPath(name), args, {
    ...programOptions(),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${errors.trim()}`)
}
