import { useCallback, useEffect, useState } from 'react'
import { client } from './client'

interface Session {
  id: string
  current: boolean
  device: string | null
  ip: string
  created_at: string
  refreshed_at: string | null
}

const PATH = '/api/v1/auth/sessions'
const PROBLEM = 'The sessions cannot be read now.'

const time = (value: string) => new Date(value).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const nameOf = (session: Session) => session.device ?? 'Unknown device'

/** The sessions of the user, with a button for each of the others that ends it. */
export function Sessions() {
  const [sessions, setSessions] = useState<Session[]>([])
  const [problem, setProblem] = useState<string | null>(null)

  const load = useCallback(async () => {
    const answer = await client.fetch(PATH).catch(() => null)
    setProblem(answer?.ok ? null : PROBLEM)
    if (answer?.ok) setSessions((await answer.json()).sessions)
  }, [])

  const end = async (path: string) => {
    await client.fetch(path, { method: 'DELETE' }).catch(() => null)
    await load()
  }

  useEffect(() => void load(), [load])

  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">Where you are signed in</h2>
      <p className="problem" role="alert">
        {problem}
      </p>
      <ul>
        {sessions.map((session) => (
          <li key={session.id}>
            <div>
              <strong>{nameOf(session)}</strong>
              <small>
                {session.ip}, since {time(session.created_at)}
              </small>
            </div>
            {session.current ? (
              <span className="badge">This one</span>
            ) : (
              <button type="button" onClick={() => end(`${PATH}/${session.id}`)}>
                End<span className="hidden"> the session on {nameOf(session)}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      {sessions.length > 2 && (
        <button type="button" onClick={() => end(PATH)}>
          End all others
        </button>
      )}
    </section>
  )
}
