'use client'
import { useState } from 'react'
import { useSession } from 'tessera-client/react'
import { client } from './session.js'

const REFUSALS = {
  wrong: 'The email address or the password is wrong.',
  limited: 'There were too many attempts. Try again in a few minutes.',
  busy: 'The server is busy. Try again in a moment.',
  offline: 'The server does not answer. Check your connection and try again.',
}

/** The part of the page that is the user's. The server renders it, too, if it knows the user. */
export function Account() {
  const { status, user } = useSession()
  if (status === 'signed_out') return <SignIn />
  if (!user) return <p role="status">One moment …</p>
  return (
    <section>
      <p>
        You are signed in as <strong>{user.email}</strong>.
      </p>
      <button type="button" onClick={() => client.logout()}>
        Log out
      </button>
    </section>
  )
}

function SignIn() {
  const [message, setMessage] = useState(null)

  async function submit(event) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const outcome = await client.login({ email: form.get('email'), password: form.get('password') })
    setMessage(outcome.refused ? REFUSALS[outcome.refused] : null)
  }

  return (
    <form onSubmit={submit}>
      <label>
        Email address
        <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <p role="alert">{message}</p>
      <button type="submit">Log in</button>
    </form>
  )
}
