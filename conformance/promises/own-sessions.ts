import { randomUUID } from 'node:crypto'
import { expect, expectBody, expectError, expectStatus, hasExactly } from '../expect.ts'
import * as flow from '../flows.ts'
import { altered, claimsOf } from '../jwt.ts'
import { type Promised, promisesOf } from '../promise.ts'
import type { Answer, Target } from '../target.ts'
import { expectEnded } from './sessions.ts'

const { addition } = promisesOf('sessions')
const SESSIONS = '/api/v1/auth/sessions'
const MISSING = 'Missing or invalid token'
const SESSION_FIELDS = [
  ...['id', 'current', 'kind', 'device', 'ip', 'created_at', 'refreshed_at', 'expires_at', 'auth_time', 'amr'],
  'refreshes',
]

const list = (target: Target, { access_token: bearer }: flow.Tokens) => target.get(SESSIONS, { bearer })
const show = (target: Target, { access_token: bearer }: flow.Tokens, id: unknown) =>
  target.get(`${SESSIONS}/${id}`, { bearer })
const end = (target: Target, { access_token: bearer }: flow.Tokens, idOrQuery: string) =>
  target.delete(SESSIONS + idOrQuery, { bearer })
const logOut = (target: Target, { refresh_token }: flow.Tokens, scope: unknown) =>
  target.post(flow.LOGOUT, { refresh_token, scope })
const idOf = ({ access_token }: flow.Tokens) => claimsOf(access_token)['sid']

/** Signs up a user with several sessions: promises that end them must not meet those of other promises. */
async function newSessions(target: Target, count: number): Promise<[flow.Session, ...flow.Session[]]> {
  const user = await flow.signUp(target)
  const sessions = [await flow.logIn(target, user)] as [flow.Session, ...flow.Session[]]
  while (sessions.length < count) sessions.push(await flow.logIn(target, user))
  return sessions
}

async function expectActive(target: Target, ...sessions: readonly (flow.Tokens | undefined)[]): Promise<void> {
  for (const session of sessions) expectStatus(await flow.me(target, session?.access_token ?? ''), 200)
}

/** Expects that no token of a session works, and that its client is told why. */
async function expectOver(target: Target, session: flow.Tokens, reason: string): Promise<void> {
  expectError(await flow.me(target, session.access_token), 401, MISSING)
  expectEnded(await flow.refresh(target, session.refresh_token), reason)
}

function expectEndedCount(answer: Answer, ended: number): void {
  expectBody(answer, 200, { ended })
}

/** The promises about seeing and ending sessions, which no contract's original text has. */
export const ownSessions: readonly Promised[] = [
  addition(
    'a list has the active sessions of the user and no other, with these fields only, one current',
    async (target) => {
      const [own, other, ended] = await newSessions(target, 3)
      await flow.logOut(target, ended?.refresh_token ?? '')
      await flow.anySession(target)
      const answer = await list(target, own)
      expectStatus(answer, 200)
      const sessions = answer.body?.sessions
      expect(answer, hasExactly(answer.body, ['sessions']) && Array.isArray(sessions), 'a list of sessions')
      for (const session of sessions) expect(answer, hasExactly(session, SESSION_FIELDS), SESSION_FIELDS.join(', '))
      const seen = new Map(sessions.map(({ id, current }: { id: unknown; current: unknown }) => [id, current]))
      const isRight = seen.size === 2 && seen.get(idOf(own)) === true && other && seen.get(idOf(other)) === false
      expect(answer, isRight === true, 'the two sessions of the user, that of the request as the current one')
    },
  ),
  addition('the session that was refreshed last is the first of the list, and counts its refreshes', async (target) => {
    const [own, other] = await newSessions(target, 2)
    await flow.refreshed(target, own.refresh_token)
    const answer = await list(target, other ?? own)
    const [first] = answer.body?.sessions ?? []
    expect(answer, first?.id === idOf(own) && first.refreshes === 1, 'the refreshed session first, with 1 refresh')
  }),
  addition(`without a valid access token, sessions are 401 "${MISSING}", and nothing ends`, async (target) => {
    const own = await flow.logIn(target)
    for (const bearer of [undefined, altered(own.access_token, -5), own.refresh_token]) {
      for (const path of [SESSIONS, `${SESSIONS}/${idOf(own)}`]) {
        expectError(await target.get(path, { bearer }), 401, MISSING)
        expectError(await target.delete(path, { bearer }), 401, MISSING)
      }
    }
    await expectActive(target, own)
  }),
  addition('a session that its user ends is 204 once, then 404; at once none of its tokens works', async (target) => {
    const [own, other] = await newSessions(target, 2)
    if (!other) return
    expectStatus(await end(target, own, `/${idOf(other)}`), 204)
    await expectOver(target, other, 'ended')
    expectError(await end(target, own, `/${idOf(other)}`), 404, 'Not found')
    await expectActive(target, own)
  }),
  addition('an ended session can be shown, with when and why it ended, and what happened', async (target) => {
    const [own, other] = await newSessions(target, 2)
    if (!other) return
    await end(target, own, `/${idOf(other)}`)
    const answer = await show(target, own, idOf(other))
    expectStatus(answer, 200)
    const { session, events } = answer.body ?? {}
    expect(answer, hasExactly(session, [...SESSION_FIELDS, 'ended_at', 'end_reason']), 'a session with its end')
    expect(answer, session.end_reason === 'ended' && typeof session.ended_at === 'string', 'ended, with a date')
    const kinds = events?.map(({ kind }: { kind: string }) => kind).join()
    expect(answer, kinds === 'session_ended,login_succeeded', 'its end and its login, the newest first')
  }),
  addition('a session of another user is the same 404 as an unknown one, and goes on', async (target) => {
    const [own, [stranger]] = [await flow.logIn(target), await newSessions(target, 1)]
    for (const id of [idOf(stranger), randomUUID(), 'x']) {
      expectError(await show(target, own, id), 404, 'Not found')
      expectError(await end(target, own, `/${id}`), 404, 'Not found')
    }
    await expectActive(target, stranger)
  }),
  addition('the end of the own session is a logout', async (target) => {
    const own = await flow.logIn(target)
    expectStatus(await end(target, own, `/${idOf(own)}`), 204)
    await expectOver(target, own, 'logout')
  }),
  addition(
    'all other sessions end at once and are counted; with current=true that of the request, too',
    async (target) => {
      const [own, ...others] = await newSessions(target, 3)
      expectEndedCount(await end(target, own, ''), 2)
      for (const other of others) await expectOver(target, other, 'ended')
      expectEndedCount(await end(target, own, ''), 0)
      await expectActive(target, own)
      expectEndedCount(await end(target, own, '?current=true'), 1)
      await expectOver(target, own, 'ended')
    },
  ),
  addition(
    'with kind=pair no login ends; another kind, or another value of current, is 422 and ends nothing',
    async (target) => {
      const [own, other] = await newSessions(target, 2)
      expectEndedCount(await end(target, own, '?kind=pair'), 0)
      for (const query of ['?kind=all', '?current=1', '?kind=login&kind=pair'])
        expectError(await end(target, own, query), 422)
      await expectActive(target, own, other)
    },
  ),
  addition(
    'a logout of scope others ends all others, of scope all everything; another is 422 and ends nothing',
    async (target) => {
      const [own, ...others] = await newSessions(target, 3)
      expectError(await logOut(target, own, 'everything'), 422)
      await expectActive(target, own, ...others)
      expectBody(await logOut(target, own, 'others'), 200, { message: 'Logged out successfully' })
      for (const other of others) await expectOver(target, other, 'ended')
      await expectActive(target, own)
      expectBody(await logOut(target, own, 'all'), 200, { message: 'Logged out successfully' })
      await expectOver(target, own, 'ended')
    },
  ),
  addition('a token that was used long ago ends its own session only, whatever the scope', async (target) => {
    const [own, other] = await newSessions(target, 2)
    const second = await flow.refreshed(target, own.refresh_token)
    const third = await flow.refreshed(target, second.refresh_token)
    expectStatus(await logOut(target, own, 'all'), 200)
    await expectOver(target, third, 'logout')
    await expectActive(target, other)
  }),
  addition('only a genuine token of an ended session is told its reason', async (target) => {
    const { refresh_token } = await flow.logIn(target)
    expectStatus(await flow.logOut(target, refresh_token), 200)
    expectError(await flow.refresh(target, altered(refresh_token, -5)), 401, 'Invalid refresh token')
    expectEnded(await flow.refresh(target, refresh_token), 'logout')
  }),
  addition('nothing of an ended session works after the answer, whatever refreshes race with it', async (target) => {
    const [own, other] = await newSessions(target, 2)
    if (!other) return
    const refreshes = Array.from({ length: 10 }, () => flow.refresh(target, other.refresh_token))
    const [answer, ...raced] = await Promise.all([end(target, own, `/${idOf(other)}`), ...refreshes])
    expectStatus(answer as Answer, 204)
    for (const { status, body } of raced) if (status === 200) await expectOver(target, body, 'ended')
    await expectOver(target, other, 'ended')
  }),
]
