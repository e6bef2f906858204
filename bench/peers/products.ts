import type { Answer, KeptConnection } from '../load/kept-connection.ts'
import { ADMINISTRATOR } from './start-peer.ts'

export type Work = 'login' | 'refresh' | 'me'

/** The credentials that a client holds after a login. */
export interface Session {
  bearer: string
  cookie: string
  refreshToken: string
}

export interface Product {
  name: string
  hashing: string
  paths: Record<Work, string>
  signUp(connection: KeptConnection, emails: string[]): Promise<void>
  login(connection: KeptConnection, email: string): Promise<Session>
  refresh(connection: KeptConnection, session: Session): Promise<Session>
  /** @returns the e-mail address in the answer */
  me(connection: KeptConnection, session: Session): Promise<string | undefined>
}

const password = 'correct horse battery'

/** Returns a successful answer. @throws for any other: a refusal is quick and would count as work */
async function ok(answering: Promise<Answer>): Promise<Answer> {
  const answer = await answering
  if (answer.status !== 200) throw new Error(`A request was answered ${answer.status}: ${answer.body}`)
  return answer
}

const tokensOfTessera = ({ body }: Answer): Session => {
  const { access_token: bearer, refresh_token: refreshToken } = JSON.parse(body)
  return { bearer, refreshToken, cookie: '' }
}

const tokensOfDirectus = ({ body }: Answer): Session => {
  const { access_token: bearer, refresh_token: refreshToken } = JSON.parse(body).data
  return { bearer, refreshToken, cookie: '' }
}

const sessionOfBetterAuth = ({ head }: Answer): Session => {
  const cookie = /\r\nset-cookie: ([^;=]*session_token=[^;]+)/i.exec(head)?.[1]
  if (cookie === undefined) throw new Error(`A login set no session cookie: ${head}`)
  return { cookie, bearer: '', refreshToken: '' }
}

const loginToDirectus = async (connection: KeptConnection, credentials: { email: string; password: string }) =>
  tokensOfDirectus(await ok(connection.ask('/auth/login', { body: { ...credentials, mode: 'json' } })))

/** The requests of each product. Every answer is parsed as a client of the product would, so that all loads compare. */
export const PRODUCTS = {
  tessera: {
    name: 'Tessera',
    hashing: 'bcrypt of cost 12',
    paths: { login: '/api/v1/auth/login', refresh: '/api/v1/auth/refresh', me: '/api/v1/auth/me' },
    async signUp(connection, emails) {
      for (const email of emails)
        await ok(connection.ask('/api/v1/users/sign_up', { body: { user: { email, password } } }))
    },
    async login(connection, email) {
      return tokensOfTessera(await ok(connection.ask(this.paths.login, { body: { email, password } })))
    },
    async refresh(connection, { refreshToken }) {
      const body = { refresh_token: refreshToken }
      return tokensOfTessera(await ok(connection.ask(this.paths.refresh, { body })))
    },
    async me(connection, { bearer }) {
      return JSON.parse((await ok(connection.ask(this.paths.me, { bearer }))).body).user.email
    },
  },
  'better-auth': {
    name: 'Better Auth',
    hashing: 'scrypt (N 16384, r 16, p 1)',
    paths: { login: '/api/auth/sign-in/email', refresh: '/api/auth/token', me: '/api/auth/get-session' },
    async signUp(connection, emails) {
      for (const email of emails)
        await ok(connection.ask('/api/auth/sign-up/email', { body: { name: 'Bench', email, password } }))
    },
    async login(connection, email) {
      return sessionOfBetterAuth(await ok(connection.ask(this.paths.login, { body: { email, password } })))
    },
    async refresh(connection, { cookie }) {
      const { token } = JSON.parse((await ok(connection.ask(this.paths.refresh, { cookie }))).body)
      return { cookie, bearer: token, refreshToken: '' }
    },
    async me(connection, { cookie }) {
      // Without a session it answers 200 and null.
      return JSON.parse((await ok(connection.ask(this.paths.me, { cookie }))).body)?.user.email
    },
  },
  directus: {
    name: 'Directus',
    hashing: 'argon2id (64 MiB, 3 passes, 4 lanes)',
    paths: { login: '/auth/login', refresh: '/auth/refresh', me: '/users/me' },
    // These users are not administrators and have no access to the app: without a licence Directus allows few such users.
    async signUp(connection, emails) {
      const { bearer } = await loginToDirectus(connection, ADMINISTRATOR)
      const make = async (path: string, body: object) =>
        JSON.parse((await ok(connection.ask(path, { bearer, body }))).body).data.id
      const role = await make('/roles', { name: 'Member' })
      const policy = await make('/policies', { name: 'Member', app_access: false, admin_access: false })
      const right = { policy, collection: 'directus_users', action: 'read', fields: ['*'], permissions: {} }
      await make('/permissions', right)
      await make('/access', { role, policy })
      for (const email of emails) await make('/users', { email, password, role })
    },
    login: (connection, email) => loginToDirectus(connection, { email, password }),
    async refresh(connection, { refreshToken }) {
      const body = { refresh_token: refreshToken, mode: 'json' }
      return tokensOfDirectus(await ok(connection.ask(this.paths.refresh, { body })))
    },
    async me(connection, { bearer }) {
      return JSON.parse((await ok(connection.ask(this.paths.me, { bearer }))).body).data.email
    },
  },
} satisfies Record<string, Product>

export type ProductKey = keyof typeof PRODUCTS
