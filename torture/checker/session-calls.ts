import type { Action, Call } from '../history.ts'

/** The calls that concern one session. */
export interface SessionCalls {
  id: string
  own: readonly Call[]
  /**
   * The calls that end it if they are carried out: its logouts, logins with a cookie that replace its own, and changes that
   * end all sessions of its user.
   */
  endings: readonly Call[]
  /** When it was requested; null when that call is not in the history. */
  requestedAt: number | null
}

const ENDS_ALL_SESSIONS: readonly Action[] = ['delete', 'disable', 'set_password']

export function endsAllSessions({ action }: Call): boolean {
  return ENDS_ALL_SESSIONS.includes(action)
}

/** Login and issue, the calls that open a session. */
export function opensSession({ action }: Call): boolean {
  return action === 'login' || action === 'issue'
}

export function sessionsOf(calls: readonly Call[]): SessionCalls[] {
  const bySession = Map.groupBy(
    calls.filter((call) => call.session !== null),
    (call) => call.session as string,
  )
  const byUser = Map.groupBy(calls.filter(endsAllSessions), (call) => call.user)
  const byReplaced = Map.groupBy(calls, ({ kind, replaced }) => (kind === 'cookie' && replaced?.session) || null)
  return [...bySession].map(([id, own]) => {
    const opening = own.find(opensSession)
    const logouts = own.filter(({ action }) => action === 'logout')
    // A cookie may also have the token of a session that is not a cookie's: it is ignored.
    const replacements = opening?.kind === 'cookie' ? (byReplaced.get(id) ?? []) : []
    const endings = [...logouts, ...replacements, ...(byUser.get(own[0]?.user ?? '') ?? [])]
    return { id, own, endings, requestedAt: opening?.startedAt ?? null }
  })
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
