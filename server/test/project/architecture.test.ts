import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'

const source = join(import.meta.dirname, '../../src')
const files = globSync('**/*.ts', { cwd: source }).sort()
const readSource = (file: string) => readFileSync(join(source, file), 'utf8')

/** The types of the package's entry for tests, which are published as they stand. */
const ENTRY_TYPES = '../bin/testing.d.ts'

/** Every import of one source file by another, types included. */
const imports = files
  .flatMap((file) =>
    [...readSource(file).matchAll(/(?:from |import\()'(\.[^']+)'/g)].map(([, target = '']) => ({
      file,
      target: relative(source, join(source, dirname(file), target)),
    })),
  )
  .filter(({ target }) => target !== ENTRY_TYPES)

/** Layer -> the layers that it may import from. */
const LAYERS: Record<string, readonly string[]> = {
  'main.ts': ['cli'],
  cli: ['test-mode', 'app', 'mail', 'auth', 'storage', 'crypto', 'config', 'observe', 'text'],
  'test-mode': ['app', 'http', 'mail', 'auth', 'storage', 'crypto', 'config', 'observe', 'text'],
  app: ['http', 'mail', 'auth', 'storage', 'crypto', 'config', 'observe', 'text'],
  http: ['mail', 'auth', 'storage', 'crypto', 'observe', 'text'],
  mail: ['auth', 'storage', 'crypto', 'config', 'text'],
  auth: ['storage', 'crypto', 'observe', 'text'],
  storage: ['text'],
  crypto: ['config'],
  config: ['text'],
  observe: [],
  text: [],
}

/** Folder of a layer -> the folders of the same layer that it may import from. */
const FOLDERS: Record<string, Record<string, readonly string[]>> = {
  config: {
    source: [],
    settings: ['source'],
    reading: ['source', 'settings'],
  },
  crypto: {
    hashing: [],
    keys: ['hashing'],
    tokens: ['keys', 'hashing'],
  },
  auth: {
    context: [],
    limit: ['context', 'notice'],
    'one-time': ['context'],
    notice: ['context', 'one-time'],
    claims: ['context', 'notice'],
    'requested-mail': ['context', 'notice', 'one-time'],
    password: ['context', 'notice', 'one-time'],
    account: ['context', 'notice', 'one-time', 'password', 'requested-mail', 'claims'],
    email: ['context', 'notice', 'one-time', 'requested-mail'],
    recovery: ['context', 'notice', 'one-time'],
    keys: ['context', 'notice'],
    revocation: ['context'],
    session: ['context', 'notice', 'one-time', 'requested-mail', 'recovery', 'account', 'claims'],
    refresh: ['context', 'notice', 'session'],
    token: ['context', 'session', 'claims'],
  },
  http: {
    contract: [],
    view: ['endpoint'],
    endpoint: ['contract'],
    request: ['contract', 'endpoint'],
    guard: ['contract', 'endpoint', 'request'],
    account: ['contract', 'endpoint', 'guard', 'request', 'view'],
    refresh: ['contract', 'endpoint', 'request', 'view'],
    session: ['contract', 'endpoint', 'request', 'guard', 'view', 'refresh'],
    oauth: ['contract', 'endpoint', 'request', 'view'],
    keys: ['contract', 'endpoint', 'guard'],
    claims: ['contract', 'endpoint', 'view'],
    operation: ['contract', 'endpoint'],
    pages: ['contract', 'endpoint', 'guard', 'request'],
    openapi: ['contract', 'endpoint', 'request', 'view'],
    'routes.ts': [
      ...['contract', 'endpoint', 'guard', 'openapi', 'pages', 'operation'],
      ...['account', 'session', 'refresh', 'oauth', 'keys', 'claims'],
    ],
    server: ['contract', 'endpoint', 'request', 'operation', 'pages', 'openapi', 'routes.ts'],
  },
  storage: {
    database: [],
    drivers: ['database'],
    limits: ['database'],
    transfer: ['database'],
    revocation: ['database'],
    account: ['database', 'revocation'],
    notice: ['database', 'account'],
    keys: ['database', 'revocation'],
    session: ['database', 'account', 'notice', 'revocation'],
  },
  mail: { words: [], messages: ['words'], delivery: ['messages'] },
  'test-mode': { bench: [], endpoints: ['bench'], server: ['bench', 'endpoints'] },
  cli: {
    terminal: [],
    run: ['terminal'],
    transfer: ['run', 'terminal'],
    move: ['run', 'terminal'],
    users: ['run', 'terminal', 'transfer'],
    sessions: ['run', 'terminal'],
    limits: ['run', 'terminal'],
    keys: ['run', 'terminal'],
    outbox: ['run', 'terminal'],
    status: ['run', 'terminal'],
    init: ['terminal'],
    doctor: ['run', 'terminal'],
  },
}

/** `auth/session/login.ts` is in the layer `auth` and in its folder `session`. */
const pathSegment = (file: string, depth: number) => file.split('/')[depth] ?? ''

test('a layer imports only from the layers below it', () => {
  for (const { file, target } of imports) {
    const [from, to] = [pathSegment(file, 0), pathSegment(target, 0)]
    assert.ok(from === to || LAYERS[from]?.includes(to), `${file} imports ${target}`)
  }
})

test('within a layer, a folder imports only from the folders the table allows', () => {
  for (const [layer, table] of Object.entries(FOLDERS)) {
    for (const { file, target } of imports) {
      if (pathSegment(file, 0) !== layer || pathSegment(target, 0) !== layer) continue
      const [from, to] = [pathSegment(file, 1), pathSegment(target, 1)]
      if (layer === 'cli' && !(from in table)) continue // a command in a single file may use every folder beside it
      assert.ok(from === to || table[from]?.includes(to), `${file} imports ${target}`)
    }
  }
})

/** Finds a cycle and returns it as a path; null if there is none. */
function findCycle(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] | null {
  const done = new Set<string>()
  const visit = (node: string, path: readonly string[]): string[] | null => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return null
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next, [...path, node])
      if (cycle) return cycle
    }
    done.add(node)
    return null
  }
  for (const node of edges.keys()) {
    const cycle = visit(node, [])
    if (cycle) return cycle
  }
  return null
}

function collectEdges(toNode: (file: string) => string): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>()
  for (const { file, target } of imports) {
    const [from, to] = [toNode(file), toNode(target)]
    if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to))
  }
  return edges
}

test('no files and no folders import each other in a cycle', () => {
  assert.deepEqual(
    findCycle(
      new Map([
        ['a', new Set(['b'])],
        ['b', new Set(['a'])],
      ]),
    ),
    ['a', 'b', 'a'],
  )
  assert.equal(findCycle(collectEdges((file) => file)), null)
  // A file beside folders is a node of its own.
  assert.equal(findCycle(collectEdges((file) => (dirname(file).includes('/') ? dirname(file) : file))), null)
})

test('only config reads the environment, only storage holds SQL, only http knows requests, only app sees all settings', () => {
  for (const file of files) {
    const text = readSource(file)
    if (file !== 'config/reading/environment.ts') assert.doesNotMatch(text, /process\.env/, file)
    if (pathSegment(file, 0) !== 'storage') assert.doesNotMatch(text, /sql-template-tag/, file)
    if (pathSegment(file, 0) === 'auth')
      assert.doesNotMatch(text, /fastify|Date\.now|new Date\(\)|randomBytes|randomUUID/i, file)
  }
})

test('every login ends in finishLogin: no other rule opens a login session', () => {
  const callers = imports.filter(({ target }) => target === 'auth/session/open-session.ts').map(({ file }) => file)
  assert.deepEqual(callers, ['auth/session/finish-login.ts', 'auth/session/issue-pair.ts'])
  assert.match(readSource('auth/session/issue-pair.ts'), /kind: 'pair'/)
  assert.doesNotMatch(readSource('auth/session/issue-pair.ts'), /'login'/)
})

test('only notify() and record-event.ts write mails and audit events', () => {
  const callers = (name: string) => files.filter((file) => new RegExp(`\\b${name}\\(`).test(readSource(file)))
  assert.deepEqual(callers('insertMail'), ['auth/notice/notify.ts', 'storage/notice/outbox.ts'])
  assert.deepEqual(callers('insertAuditEvent'), [
    ...['auth/notice/record-event.ts', 'storage/notice/audit-events.ts'],
    'storage/session/new-session.ts', // the event of a new session, in the statement that inserts it
  ])
})

test('only the command `tessera test` and the entry for tests can start test mode', () => {
  const importers = imports
    .filter(({ file, target }) => pathSegment(target, 0) === 'test-mode' && pathSegment(file, 0) !== 'test-mode')
    .map(({ file, target }) => `${file} -> ${target}`)
  assert.deepEqual(importers, ['cli/test.ts -> test-mode/server/start-test-server.ts'])
  const tables = imports.filter(({ target }) => target === 'test-mode/endpoints/test-routes.ts').map(({ file }) => file)
  assert.deepEqual(tables, ['test-mode/server/start-test-server.ts'])
  for (const file of files.filter((name) => pathSegment(name, 0) !== 'test-mode'))
    assert.doesNotMatch(readSource(file), /'\w+ \/test\//, file)
})

test('no statement asks the database for the time: it is a parameter, and tests can move it', () => {
  const sqlFiles = globSync('../migrations/**/*.sql', { cwd: source })
  for (const file of [...files.filter((name) => name.startsWith('storage/')), ...sqlFiles]) {
    assert.doesNotMatch(readSource(file), /(?<!performance\.|Date\.)\bnow\(\)|current_(?:timestamp|date|time)\b/i, file)
  }
})
