// The baseline does the least work that any server of these contracts must do: the same SQL, JWT library and hashing as
// Tessera, on bare node:http. It has no validation, limits, logs or mails: do not use it for anything else.
// `bench/run.ts` starts it with `DATABASE_URL`, and it listens on a free port.
import { createHash, createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import bcrypt from 'bcrypt'
import { createSigner, createVerifier } from 'fast-jwt'
import pg from 'pg'

const MIGRATIONS = join(import.meta.dirname, '../server/migrations')
const USER = `id, guid, email, password_digest, first_name, last_name, role, locale, disabled_at, created_at, updated_at`
const JOINED = USER.replaceAll(/\w+/g, 'u.$&')

// These are the statements of server/src/storage. On PostgreSQL, `?` becomes $1, $2 …
const ACTIVE_SESSION_USER = `select ${JOINED} from sessions s join users u on u.id = s.user_id
  where s.id = ? and s.kind = 'login' and s.revoked_at is null and s.expires_at > ? and u.guid = ? and u.disabled_at is null`
const CHAIN = `select s.id as session_id, s.kind, s.rotation, s.expires_at, s.revoked_at, s.revoke_reason,
    u.id as user_id, u.guid, u.role, u.disabled_at,
    t.generation, t.token_digest, t.salt, t.jti, t.ip as token_ip, t.used_at, t.attempt_digest,
    t.expires_at as token_expires_at, t.created_at as token_created_at
  from sessions s join users u on u.id = s.user_id left join refresh_tokens t on t.session_id = s.id where s.id = ?`
const INSERT_TOKEN = `insert into refresh_tokens (session_id, user_id, token, generation, token_digest, salt, jti, ip,
  expires_at, created_at, updated_at)`
const INSERT_SESSION = `insert into sessions (id, user_id, kind, rotation, ip, user_agent, auth_time, amr, created_at,
  expires_at) values (?, ?, ?, 'strict', '127.0.0.1', null, ?, 'pwd', ?, ?)`
const INSERT_AUDIT = `insert into audit_events (at, kind, user_id, session_id, ip, user_agent, details)
  values (?, 'login_succeeded', ?, ?, '127.0.0.1', null, '{}')`
const INSERT_USER = `insert into users (guid, email, password_digest, role, locale, created_at, updated_at)
  values (?, ?, ?, 'user', 'en', ?, ?) returning ${USER}`
const TOUCH = `update sessions set refreshed_at = ? where id = ? and revoked_at is null and expires_at > ?
  and exists (select 1 from users where id = ? and disabled_at is null) returning id`
const USE = `update refresh_tokens set used_at = ?, attempt_digest = ?, updated_at = ?
  where session_id = ? and generation = ? and used_at is null returning id`
const PRUNE = `delete from refresh_tokens where session_id = ? and generation < ?`
const ROTATE = `with owner as (select id from users where id = $1 and disabled_at is null for key share),
  active as (update sessions s set refreshed_at = $2 from owner
    where s.id = $3 and s.user_id = owner.id and s.revoked_at is null and s.expires_at > $2 returning s.id, s.user_id),
  used as (update refresh_tokens t set used_at = $2, attempt_digest = $4, updated_at = $2
    from active where t.session_id = active.id and t.generation = $5 and t.used_at is null
    returning t.session_id, t.user_id),
  pruned as (delete from refresh_tokens t using used where t.session_id = used.session_id and t.generation < $5)
  ${INSERT_TOKEN} select used.session_id, used.user_id, $6, $7, $8, $9, $10::uuid, '127.0.0.1', $11::timestamptz,
    $2::timestamptz, $2::timestamptz from used on conflict do nothing returning id`

// biome-ignore lint/suspicious/noExplicitAny: rows as they come
type Rows = Promise<any[]>
interface TokenParts {
  session: string
  generation: number
  selector: string
}

interface NewSession {
  kind: string
  userId: number
  token: TokenParts
  digest: string
  jti: string
  now: Date
  tokenEnd: Date
  end: Date
}

interface Rotation {
  userId: number
  token: TokenParts
  digest: string
  salt: string
  jti: string
  attempt: string
  now: Date
  end: Date
}

/** Opens one connection, or a pool of ten, with nothing between the statements and the driver. */
async function openDatabase(url: string) {
  const { query, transaction } = url.startsWith('sqlite:') ? openSqlite(url.slice(7)) : await openPostgres(url)
  const insertToken = `${INSERT_TOKEN} values (?, ?, ?, ?, ?, ?, ?, '127.0.0.1', ?, ?, ?)`
  return {
    findUserOfActiveSession: (sid: string, guid: string, now: Date): Rows =>
      query(ACTIVE_SESSION_USER, [sid, now, guid]),
    findChain: (session: string): Rows => query(CHAIN, [session]),
    findUserByEmail: (email: string): Rows => query(`select ${USER} from users where email = ?`, [email]),
    findUserByGuid: (guid: string): Rows => query(`select ${USER} from users where guid = ?`, [guid]),
    insertUser: async (email: string, guid: string, digest: string, now: Date) =>
      (await query(INSERT_USER, [guid, email, digest, now, now]))[0],
    openSession: ({ kind, userId, token, digest, jti, now, tokenEnd, end }: NewSession) =>
      transaction([
        ['select id from users where id = ?', [userId]],
        [INSERT_SESSION, [token.session, userId, kind, now, now, end]],
        [insertToken, [token.session, userId, token.selector, 0, digest, null, jti, tokenEnd, now, now]],
        [INSERT_AUDIT, [now, userId, token.session]],
      ]),
    rotate({ userId, token, digest, salt, jti, attempt, now, end }: Rotation) {
      const { session, generation, selector } = token
      const used = generation - 1
      if (!url.startsWith('sqlite:'))
        return query(ROTATE, [userId, now, session, attempt, used, selector, generation, digest, salt, jti, end])
      return transaction([
        [TOUCH, [now, session, now, userId]],
        [USE, [now, attempt, now, session, used]],
        [PRUNE, [session, used]],
        [insertToken, [session, userId, selector, generation, digest, salt, jti, end, now, now]],
      ])
    },
  }
}

type Statement = [text: string, values: unknown[]]

function openSqlite(file: string) {
  const db = new DatabaseSync(file)
  db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
  for (const migration of globSync('sqlite/*.sql', { cwd: MIGRATIONS }).sort())
    db.exec(readFileSync(join(MIGRATIONS, migration), 'utf8'))
  const prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  const run = (text: string, values: unknown[]) => {
    const statement = prepared.get(text) ?? db.prepare(text)
    prepared.set(text, statement)
    const given = values.map((value) => (value instanceof Date ? value.toISOString() : value) as SQLInputValue)
    return statement.all(...given)
  }
  return {
    query: async (text: string, values: unknown[]) => run(text, values),
    async transaction(statements: Statement[]) {
      db.exec('begin immediate')
      for (const [text, values] of statements) run(text, values)
      db.exec('commit')
    },
  }
}

async function openPostgres(url: string) {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  for (const migration of globSync('postgres/*.sql', { cwd: MIGRATIONS }).sort())
    await pool.query(readFileSync(join(MIGRATIONS, migration), 'utf8').replaceAll(' concurrently', '')) // no user waits
  const names = new Map<string, { name: string; text: string }>()
  const named = (text: string) => {
    let numbered = 0
    const found = names.get(text) ?? {
      name: `s${names.size}`,
      text: text.replaceAll('?', () => {
        numbered++
        return `$${numbered}`
      }),
    }
    names.set(text, found)
    return found
  }
  return {
    query: async (text: string, values: unknown[]) => (await pool.query({ ...named(text), values })).rows,
    async transaction(statements: Statement[]) {
      const connection = await pool.connect()
      await connection.query('begin')
      for (const [text, values] of statements) await connection.query({ ...named(text), values })
      await connection.query('commit')
      connection.release()
    },
  }
}

const PAIR_COST = 4
const DAY_MILLISECONDS = 86_400_000
const db = await openDatabase(process.env['DATABASE_URL'] ?? '')
const key = createSecretKey(randomBytes(64))
const secret = key.export()
const signers = {
  login: createSigner({ key: secret, algorithm: 'HS256', kid: 'baseline', header: { alg: 'HS256', typ: 'JWT' } }),
  pair: createSigner({ key: secret, algorithm: 'HS512', kid: 'baseline', header: { alg: 'HS512', typ: 'JWT' } }),
}
const verifiers = {
  login: createVerifier({ key: secret, algorithms: ['HS256'], cache: false }),
  pair: createVerifier({ key: secret, algorithms: ['HS512'], cache: false }),
}

interface User {
  id: number
  guid: string
  role: string
}

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('base64url')
const inDays = (days: number) => new Date(Date.now() + days * DAY_MILLISECONDS)

function makeToken(session: string, generation: number) {
  const bytes = Buffer.concat([Buffer.from(session.replaceAll('-', ''), 'hex'), Buffer.alloc(4), randomBytes(44)])
  bytes.writeUInt32BE(generation, 16)
  return readToken(bytes.toString('base64url'))
}

function readToken(encoded: string) {
  const bytes = Buffer.from(encoded, 'base64url')
  const session = bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  const selector = bytes.toString('base64url', 0, 20)
  return { encoded, session, generation: bytes.readUInt32BE(16), selector, secret: bytes.toString('base64url', 20, 48) }
}

function issueTokens(kind: 'login' | 'pair', { guid, role }: User, token: ReturnType<typeof makeToken>, jti: string) {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { sub: guid, sid: token.session, jti, role, iat, exp: iat + 900 }
  const access = signers[kind](kind === 'login' ? claims : { ...claims, guid, ip: '127.0.0.1', gen: token.generation })
  return { access_token: access, refresh_token: token.encoded }
}

async function openSession(kind: 'login' | 'pair', user: User) {
  const token = makeToken(randomUUID(), 0)
  const digest = kind === 'login' ? sha256(token.secret) : await bcrypt.hash(token.secret, PAIR_COST)
  const jti = randomUUID()
  await db.openSession({
    kind,
    userId: user.id,
    token,
    digest,
    jti,
    now: new Date(),
    tokenEnd: inDays(7),
    end: inDays(30),
  })
  return issueTokens(kind, user, token, jti)
}

async function rotate(kind: 'login' | 'pair', encoded: string) {
  const token = readToken(encoded)
  const chain = await db.findChain(token.session)
  const row = chain.find(({ generation }) => generation === token.generation)
  const stored = row?.token_digest ?? ''
  const isGenuine = kind === 'login' ? sha256(token.secret) === stored : await bcrypt.compare(token.secret, stored)
  if (!row || !isGenuine) throw new Error('refused')
  const successor = makeToken(token.session, token.generation + 1)
  const digest = kind === 'login' ? sha256(successor.secret) : await bcrypt.hash(successor.secret, PAIR_COST)
  const jti = randomUUID()
  const attempt = sha256(randomBytes(16))
  const salt = randomBytes(16).toString('base64url')
  await db.rotate({
    userId: row.user_id,
    token: successor,
    digest,
    salt,
    jti,
    attempt,
    now: new Date(),
    end: inDays(7),
  })
  return issueTokens(kind, { id: row.user_id, guid: row.guid, role: row.role }, successor, jti)
}

const bodyOf = async (request: IncomingMessage) => JSON.parse(await text(request))

const routes: Record<string, (request: IncomingMessage) => Promise<object>> = {
  async '/api/v1/auth/me'(request) {
    const { sid, sub } = verifiers.login(request.headers.authorization?.slice(7) ?? '')
    const [user] = await db.findUserOfActiveSession(sid, sub, new Date())
    if (!user) throw new Error('refused')
    const { id, guid, email, first_name, last_name, role, created_at, updated_at } = user
    return { user: { id, guid, email, first_name, last_name, role, created_at, updated_at } }
  },
  async '/api/v1/auth/login'(request) {
    const { email, password } = await bodyOf(request)
    const [user] = await db.findUserByEmail(email)
    if (!user || !(await bcrypt.compare(password, user.password_digest))) throw new Error('refused')
    return { user, ...(await openSession('login', user)) }
  },
  '/api/v1/auth/refresh': async (request) => rotate('login', (await bodyOf(request)).refresh_token),
  async '/auth/token'(request) {
    const { auth } = await bodyOf(request)
    const [user] = await db.findUserByGuid(auth.user_guid)
    if (!user) throw new Error('refused')
    return openSession('pair', user)
  },
  async '/auth/refresh'(request) {
    const { auth } = await bodyOf(request)
    verifiers.pair(auth.access_token)
    return rotate('pair', auth.refresh_token)
  },
  async '/api/v1/users/sign_up'(request) {
    const { user } = await bodyOf(request)
    const digest = await bcrypt.hash(user.password, Number(process.env['BCRYPT_COST'] ?? 12))
    return { user: await db.insertUser(user.email, randomUUID(), digest, new Date()) }
  },
}

const server = createServer(async (request, response) => {
  try {
    const body = JSON.stringify(await routes[request.url ?? '']?.(request))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  } catch (error) {
    response.writeHead(401).end(String(error))
  }
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`{"url":"http://127.0.0.1:${(server.address() as { port: number }).port}"}\n`)
})
server.keepAliveTimeout = 72_000 // clients are idle while the other server is measured
process.once('SIGTERM', () => process.exit(0))
