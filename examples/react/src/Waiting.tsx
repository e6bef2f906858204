import { useEffect, useState } from 'react'
import { client } from './client'

const RETRY_MILLISECONDS = 5000

/** Waits for a verdict about the session, and says so when none arrives. */
export function Waiting() {
  const [isOffline, setOffline] = useState(false)
  useEffect(() => {
    const ask = () => client.accessToken().catch(() => setOffline(true))
    ask()
    const timer = setInterval(ask, RETRY_MILLISECONDS)
    return () => clearInterval(timer)
  }, [])
  return (
    <main className="card">
      <p role="status">
        {isOffline ? 'The server does not answer. You are not signed out; this page tries again.' : 'One moment …'}
      </p>
    </main>
  )
}
