import { createAdmin } from './admin.ts'

export interface User {
  id: number
  guid: string
  email: string
  email_verified_at: string | null
  first_name: string | null
  last_name: string | null
  role: string
  created_at: string
  updated_at: string
}

export interface NewUser {
  email?: string
  password?: string
  role?: string
  first_name?: string
  last_name?: string
  locale?: string
  guid?: string
  /** Whether the address counts as proven; true by default. */
  verified?: boolean
}

export interface NewSession {
  /** How the user signed in: `['pwd']` by default. */
  amr?: readonly string[]
  /** When: `-8d`, or a time. */
  auth_time?: string
  /** Whether the refresh token is in a cookie. */
  cookie?: boolean
  /** `-16m`: the access token has expired, for every verifier. */
  issued?: string
}

export interface Session {
  /** The claim `sid` of its tokens. */
  id: string
  user: User
  access_token: string
  token_type: 'Bearer'
  expires_in: number
  refresh_expires_in: number
  /** Empty if it is in the cookie. */
  refresh_token: string
  device_token?: string
  /** What the client sends as `Idempotency-Key` with its refresh token. Empty if it is in the cookie. */
  attempt: string
  /** The value for a `Cookie` header: `name=token`. Empty without a cookie. */
  cookie: string
}

export interface StolenTokens {
  access_token: string
  refresh_token: string
  /** What the client sends as `Idempotency-Key` with its refresh token; a thief may have it, too. */
  attempt: string | null
}

export interface Mail {
  to: string
  kind: string
  subject: string
  text: string
  code: string | null
  link: string | null
  at: string
}

export interface Fault {
  /** Method and path: `POST /api/v1/auth/refresh`. */
  route: string
  outcome: 'drop_answer' | '503' | 'delay'
  /** Of a delay. */
  ms?: number
  /** How many requests meet it; 1 by default. */
  times?: number
}

/** Which mails: those of one address or kind, and how many seconds to wait for the first one. */
export interface MailFilter {
  to?: string
  kind?: string
  wait?: number
}

/** A user by id, GUID or address, or as a call returned it. */
export type UserName = string | number | { guid: string }
/** A session by id or token, or as a call returned it. */
export type SessionName = string | { id: string }

/** What tests may do with a server; the methods are named after the paths below `/test/`. */
export interface Calls {
  url: string
  /** For `Authorization: Bearer` below `/test/`, and as a service key for `POST /auth/token`. */
  adminKey: string
  /** The time of the server, for code under test that shares its clock. */
  now(): Date
  /** Reads or moves the clock. */
  clock(move?: { advance?: string; set?: string | Date }): Promise<Date>
  /** Moves the clock on: `advance('16m')`. */
  advance(duration: string): Promise<Date>
  user(fields?: NewUser): Promise<User>
  users(fields: readonly NewUser[]): Promise<User[]>
  /** Signs a user in; without one, a new user. */
  session(user?: UserName, fields?: NewSession): Promise<Session>
  /** Lets a session, or its refresh tokens, expire now. */
  expire(session: SessionName, what: 'refresh' | 'session'): Promise<void>
  faults(fault: Fault): Promise<void>
  /** Lets the next refresh be committed and its answer be lost. */
  lose(what: 'refresh' | 'login' | 'logout'): Promise<void>
  /** The tokens that the client of a session got last, as a thief would have them. */
  steal(session: SessionName): Promise<StolenTokens>
  /** The mails that were written, newest first. */
  mails(filter?: MailFilter): Promise<Mail[]>
  /** The newest mail, after at most 5 seconds. @throws {Error} if there is none */
  mail(to: string, filter?: Omit<MailFilter, 'to'>): Promise<Mail>
  /** Deletes everything, creates the users of the start again, and is back at the present time. */
  reset(): Promise<Date>
}

interface Place {
  url: string
  adminKey: string
  now(): Date
  /** Is told the time of the server whenever an answer has it. */
  onNow?(now: Date): void
}

const WAIT_SECONDS = 5

export function createCalls({ url, adminKey, now, onNow = () => {} }: Place): Calls {
  const admin = createAdmin(url, adminKey)
  const readNow = ({ body }: { body: { now: string } }) => {
    const time = new Date(body.now)
    onNow(time)
    return time
  }
  const clock: Calls['clock'] = async ({ advance, set } = {}) => {
    const time = set instanceof Date ? set.toISOString() : set
    return readNow(await admin<{ now: string }>('POST', 'clock', { advance, set: time }))
  }
  const users: Calls['users'] = async (fields) => (await admin<{ users: User[] }>('POST', 'users', fields)).body.users
  const user = async (fields: NewUser = {}) => (await users([fields]))[0] as User
  const faults: Calls['faults'] = async (fault) => {
    await admin('POST', 'faults', fault)
  }
  const mails: Calls['mails'] = async (filter = {}) => {
    const query = new URLSearchParams(
      Object.entries(filter).map(([name, value]): [string, string] => [name, `${value}`]),
    )
    return (await admin<{ mails: Mail[] }>('GET', `mails?${query}`)).body.mails
  }
  return {
    url,
    adminKey,
    now,
    clock,
    advance: (duration) => clock({ advance: duration }),
    user,
    users,
    async session(name, fields = {}) {
      const of = name ?? (await user())
      const { body, headers } = await admin<Session>('POST', 'sessions', { user: userName(of), ...fields })
      const id = headers.get('location')?.split('/').at(-1) ?? ''
      const cookie = headers.get('set-cookie')?.split(';')[0] ?? ''
      const attempt = headers.get('tessera-attempt') ?? ''
      return { ...body, refresh_token: body.refresh_token ?? '', attempt, id, cookie }
    },
    async expire(session, what) {
      await admin('POST', `sessions/${encodeURIComponent(sessionName(session))}/expire`, { what })
    },
    faults,
    lose: (what) => faults({ route: `POST /api/v1/auth/${what}`, outcome: 'drop_answer' }),
    steal: async (session) => (await admin<StolenTokens>('POST', 'steal', { session: sessionName(session) })).body,
    mails,
    async mail(to, filter = {}) {
      const [newest] = await mails({ wait: WAIT_SECONDS, ...filter, to })
      if (!newest) throw new Error(`Tessera has written no such mail to ${to}.`)
      return newest
    },
    reset: async () => readNow(await admin<{ now: string }>('POST', 'reset', {})),
  }
}

function userName(user: UserName): string {
  return typeof user === 'object' ? user.guid : String(user)
}

function sessionName(session: SessionName): string {
  return typeof session === 'object' ? session.id : session
}
