import type { Queries } from '../../storage/database/database.ts'
import type { Locale } from '../../text/locale.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { drawHolder } from '../one-time/new-token.ts'
import { PURPOSES } from '../one-time/purposes.ts'
import { requestMail } from './request-mail.ts'

/** A login in progress: it is completed with the code of a mail, by the client that holds its token. */
export interface BegunLogin {
  loginToken: string
  expiresInSeconds: number
}

interface LoginRequest {
  /** In its canonical form. */
  email: string
  /** The user whose password was right; null for a stranger. */
  userId: number | null
  /** How the user has authenticated so far; none if the code is the only proof. */
  methods: readonly string[]
  /** How the first step wanted its refresh token. */
  inCookie: boolean
  deviceDigest: string | null
  locale: Locale
  client: Client
}

/** Begins a login that a code by mail completes. It costs the same for an address without an account. */
export async function beginLogin(
  db: Queries,
  ctx: Pick<Context, 'random'>,
  { methods, inCookie, ...request }: LoginRequest,
  now: Date,
): Promise<BegunLogin> {
  const { loginToken, holderDigest } = drawHolder(ctx)
  const data = { amr: methods.join(' '), carrier: inCookie ? 'cookie' : 'body' }
  await requestMail(db, ctx, { purpose: 'login', holderDigest, data, ...request }, now)
  return { loginToken, expiresInSeconds: PURPOSES.login.lifeSeconds }
}
