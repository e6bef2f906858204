import { findUser } from '../../auth/account/find-user.ts'
import { finishLogin } from '../../auth/session/finish-login.ts'
import { makeDeviceToken } from '../../crypto/tokens/device-token.ts'
import { endpoint } from '../../http/endpoint/endpoint.ts'
import type { HttpContext } from '../../http/endpoint/http-context.ts'
import { deliverLogin } from '../../http/session/deliver-login.ts'
import { LoginAnswer } from '../../http/view/login.ts'
import type { UserRow } from '../../storage/account/users.ts'
import { moveAuthTime } from '../../storage/session/session-ends.ts'
import { readIsoTime } from '../../text/iso-time.ts'
import { isLocale } from '../../text/locale.ts'
import { Input, readDuration } from './input.ts'
import { sessionIdOf } from './name-session.ts'

const FIELDS = ['user', 'amr', 'auth_time', 'cookie', 'issued']

/** `POST /test/sessions`: signs a user in, without a password. */
export const createSession = endpoint({
  about: null,
  responses: { 201: LoginAnswer },
  async handle(ctx, request, reply) {
    const body = request.body as { amr?: unknown; user?: unknown } | undefined
    const { amr = ['pwd'], ...others } = body ?? {}
    if (typeof others.user === 'number') others.user = String(others.user)
    const input = new Input(others, FIELDS)
    const now = ctx.now()
    const user = await readUser(ctx, input)
    if (!isMethods(amr)) input.refuse('amr', 'must be a list of methods such as ["pwd", "otp"]')
    const inCookie = input.flag('cookie') ?? ctx.edge.cookieMode
    const issuedAt = readTime(input, 'issued', now)
    const authenticatedAt = readTime(input, 'auth_time', now)
    input.done()
    if (!user || !isMethods(amr)) throw new Error('the input was judged complete')

    const device = makeDeviceToken(ctx.tokens.refreshKeys, ctx.random)
    const outcome = await finishLogin(ctx, {
      user,
      methods: amr,
      // An address that is not proven stops no test: the session is what was asked for.
      claim: async () => true,
      inCookie,
      device,
      locale: isLocale(user.locale) ? user.locale : 'en',
      client: request.client,
      authenticatedAt,
      now: issuedAt ?? now,
    })
    if (outcome?.kind !== 'session') {
      input.refuse('user', 'is disabled')
      input.done()
      return null
    }
    const id = sessionIdOf(ctx, outcome.tokens.refresh_token)
    if (authenticatedAt && id) await moveAuthTime(ctx.db, id, authenticatedAt)
    reply.code(201).header('location', `/test/sessions/${id}`)
    return deliverLogin(ctx, { request, reply }, { outcome, inCookie, device })
  },
})

async function readUser(ctx: Pick<HttpContext, 'db'>, input: Input): Promise<UserRow | null> {
  const name = input.requiredText('user')
  const user = name === '' ? null : await findUser(ctx, name)
  if (!user) input.refuse('user', 'must be the id, the GUID or the address of a user')
  return user
}

function isMethods(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((method) => /^[a-z]{2,16}$/.test(String(method)))
}

/** Reads a time in the past: `-16m`, or a date. Null if there is none. */
function readTime(input: Input, name: string, now: Date): Date | null {
  const text = input.text(name)
  if (text === null) return null
  const ago = text.startsWith('-') ? readDuration(text.slice(1)) : null
  const time = ago === null ? readIsoTime(text) : new Date(now.getTime() - ago)
  if (time && time <= now) return time
  input.refuse(name, 'must be how long ago that was, such as -16m or -8d, or a time in the past')
  return null
}
