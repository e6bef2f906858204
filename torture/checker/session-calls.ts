import type { Action, Call } from '../history.ts'

/** The calls that concern one session. */
export interface SessionCalls {
  id: string
  own: readonly Call[]
  /**
   * The calls that end it if they are carried out: its logouts, logins with a cookie that replace its own, ends by its user
   * from this or another session, and changes that end all sessions of its user.
   */
  endings: readonly Call[]
  /** When it was requested; null when that call is not in the history. */
  requestedAt: number | null
}

const ENDS_ALL_SESSIONS: readonly Action[] = ['delete', 'disable', 'set_password', 'reset_password']

export function endsAllSessions({ action }: Call): boolean {
  return ENDS_ALL_SESSIONS.includes(action)
}

/** Login and issue, the calls that open a session. */
export function opensSession({ action }: Call): boolean {
  return action === 'login' || action === 'issue'
}

/** Whether a call is an end of sessions by their user, from a list or by the scope of a logout. */
export function endsByUser({ action }: Call): boolean {
  return action === 'end_session' || action === 'end_others' || action === 'end_all'
}

/** Whether a call with an access token was made on behalf of the session that it concerns. */
export function sendsAccessToken({ action, presented, status }: Call): boolean {
  if (action === 'end_session') return status === 401
  return action === 'me' || (presented === null && (action === 'end_others' || action === 'end_all'))
}

export function sessionsOf(calls: readonly Call[]): SessionCalls[] {
  const bySession = Map.groupBy(
    calls.filter((call) => call.session !== null),
    (call) => call.session as string,
  )
  const byUser = Map.groupBy(calls.filter(endsAllSessions), (call) => call.user)
  const byEndingUser = Map.groupBy(
    calls.filter(({ action }) => action === 'end_others' || action === 'end_all'),
    (call) => call.user,
  )
  const byReplaced = Map.groupBy(calls, ({ kind, replaced }) => (kind === 'cookie' && replaced?.session) || null)
  return [...bySession].map(([id, own]) => {
    const opening = own.find(opensSession)
    const logouts = own.filter(
      ({ action, status }) => action === 'logout' || (action === 'end_session' && status !== 401),
    )
    const ends = (byEndingUser.get(own[0]?.user ?? '') ?? []).filter((call) => endsWhatIsOpen(call, id, opening))
    // A cookie may also have the token of a session that is not a cookie's: it is ignored.
    const replacements = opening?.kind === 'cookie' ? (byReplaced.get(id) ?? []) : []
    const endings = [...logouts, ...ends, ...replacements, ...(byUser.get(own[0]?.user ?? '') ?? [])]
    return { id, own, endings, requestedAt: opening?.startedAt ?? null }
  })
}

/**
 * Whether an end of several sessions ends one of them. It leaves those that began after it, unless it has no answer: then it
 * may be carried out late. No actor opens a session while it ends others.
 */
function endsWhatIsOpen({ action, session, outcome, startedAt }: Call, id: string, opening: Call | undefined): boolean {
  if (action === 'end_others' && session === id) return false
  return outcome !== 'ok' || opening === undefined || opening.endedAt <= startedAt
}

/** Whether a call is a refresh in its session's own way, whose two tokens, if it is of a pair, belong together. */
export function isRefresh(call: Call): boolean {
  return call.action === 'refresh' && !call.mixed && call.sentAs === null
}

/** Whether a call returned a successor. That uses its token up, unless it is the first of an adaptive session. */
export function advanced({ presented, received }: Call): boolean {
  return presented !== null && received !== null && received.generation === presented.generation + 1
}

/** Logins rotate from their second token on, cookies and pairs from the first. */
export function usesUp({ kind, presented }: Call): boolean {
  return kind !== 'login' || (presented?.generation ?? 0) > 0
}
