import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'

/** The user of the token-pairs contract, the only one that {@link plainServer} issues pairs to. */
export const PLAIN_GUID = '123e4567-e89b-12d3-a456-426614174000'

type Reply = [status: number, body?: object]
// biome-ignore lint/suspicious/noExplicitAny: a server that trusts its callers
type Body = any
type User = { id: number; email: string; password: string; created_at: string }

const HASHES = { HS256: 'sha256', HS512: 'sha512' }
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const expiry = () => Math.floor(Date.now() / 1000) + 900
const error = (message: string) => ({ error: { message, details: {} } })

function sign(alg: 'HS256' | 'HS512', claims: object): string {
  const input = `${encode({ alg })}.${encode(claims)}`
  return `${input}.${createHmac(HASHES[alg], 'secret').update(input).digest('base64url')}`
}

/** Implements the three contracts literally and nothing else, as an independent implementer might. */
export function plainServer(): Server {
  let lastId = 0
  const users: User[] = []
  const issued = new Map<string, User>()
  const sessions = new Map<string, User>()
  const pairs = new Map<string, { access: string; isUsed: boolean }>()

  const accessToken = (user: User) => {
    const token = sign('HS256', { user_id: user.id, exp: expiry() })
    issued.set(token, user)
    return token
  }
  const view = ({ id, email, created_at }: User) => {
    return { id, email, first_name: null, last_name: null, role: 'user', created_at, updated_at: created_at }
  }
  const makePair = (): Reply => {
    const claims = { guid: PLAIN_GUID, ip: '127.0.0.1', jti: randomUUID(), exp: expiry() }
    const [access, refresh] = [sign('HS512', claims), randomBytes(64).toString('base64url')]
    pairs.set(refresh, { access, isUsed: false })
    return [200, { access_token: access, refresh_token: refresh }]
  }

  const routes: Record<string, (body: Body, bearer: string) => Reply> = {
    'POST /api/v1/users/sign_up': ({ user: { email, password } }) => {
      const errors: Record<string, string[]> = {}
      if (users.some((user) => user.email === email)) errors['email'] = ['has already been taken']
      if (!email) errors['email'] = ["can't be blank"]
      if (!password) errors['password'] = ["can't be blank"]
      if (Object.keys(errors).length > 0) return [422, { message: 'Something went wrong', errors }]
      users.push({ id: ++lastId, email, password, created_at: new Date().toISOString() })
      return [200, { message: 'You have successfully registered' }]
    },
    'POST /api/v1/auth/login': ({ email, password }) => {
      const user = users.find((known) => known.email === email && known.password === password)
      if (!user) return [401, error('Invalid email or password')]
      const refresh_token = randomBytes(8).toString('hex')
      sessions.set(refresh_token, user)
      return [200, { user: view(user), access_token: accessToken(user), refresh_token }]
    },
    'POST /api/v1/auth/refresh': ({ refresh_token }) => {
      const user = sessions.get(refresh_token)
      return user ? [200, { access_token: accessToken(user) }] : [401, error('Invalid refresh token')]
    },
    'POST /api/v1/auth/logout': ({ refresh_token }) => {
      if (!sessions.delete(refresh_token)) return [401, error('Invalid refresh token')]
      return [200, { message: 'Logged out successfully' }]
    },
    'GET /api/v1/auth/me': (_body, bearer) => {
      const user = issued.get(bearer)
      return user ? [200, { user: view(user) }] : [401, error('Missing or invalid token')]
    },
    'POST /auth/token': ({ auth }) => (auth.user_guid === PLAIN_GUID ? makePair() : [404, { error: 'User not found' }]),
    'POST /auth/refresh': ({ auth: { access_token, refresh_token } }) => {
      const pair = pairs.get(refresh_token)
      if (pair?.access !== access_token) return [401, { error: 'Invalid refresh token' }]
      if (!pair || pair.isUsed) return [401, { error: 'Refresh token already used' }]
      pair.isUsed = true
      return makePair()
    },
  }
  const remove = (path: string): Reply => {
    const at = users.findIndex(({ id }) => path === `/api/v1/users/${id}`)
    if (at < 0) return [404, error('Not found')]
    users.splice(at, 1)
    return [204]
  }

  return createServer(async (request, response) => {
    const chunks: Buffer[] = await request.toArray()
    const [method, path] = [request.method, request.url ?? '']
    const bearer = (request.headers.authorization ?? '').replace('Bearer ', '')
    const route =
      routes[`${method} ${path}`] ?? (() => (method === 'DELETE' ? remove(path) : [404, error('Not found')]))
    const [status, body] = route(JSON.parse(Buffer.concat(chunks).toString() || '{}'), bearer)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body))
  })
}
