import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const DEBIAN = '/usr/lib/postgresql'

let folder: string | undefined
let account: { uid?: number; gid?: number } | undefined

/** Where PostgreSQL's programs are: the newest of Debian's packages, else those of `pg_config`. */
function programFolder(): string {
  folder ??= [...debianFolders(), configuredFolder()].find(
    (candidate) => candidate !== '' && existsSync(join(candidate, 'initdb')),
  )
  if (!folder)
    throw new Error(`No PostgreSQL server is installed: neither ${DEBIAN}/*/bin nor pg_config leads to initdb.`)
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

/** Who runs PostgreSQL: it refuses to be root, so root's are run by the system user `postgres`. */
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

/** What every program is run with: a folder that its account may enter, and none of the caller's `PG…` settings. */
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
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${complaint.trim()}`)
}
