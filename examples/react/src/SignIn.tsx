import { type FormEvent, useState } from 'react'
import { client } from './client'
import { signUp } from './sign-up'

const REFUSALS = {
  wrong: 'The email address or the password is wrong.',
  limited: 'There were too many attempts. Try again in a few minutes.',
  busy: 'The server is busy. Try again in a moment.',
  offline: 'The server does not answer. Check your connection and try again.',
}

/** Logs in. Returns what the user has to know, or null. */
async function logIn(email: string, password: string): Promise<string | null> {
  const outcome = await client.login({ email, password })
  if ('refused' in outcome) return REFUSALS[outcome.refused]
  if ('user' in outcome) return null
  return 'This account asks for a code, which this example has no form for.'
}

export function SignIn({ reason }: { reason: string | null }) {
  const [isNew, setNew] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const [message, setMessage] = useState<string | null>(null)

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const email = String(form.get('email'))
    const password = String(form.get('password'))
    setBusy(true)
    const problem = (isNew ? await signUp(email, password) : null) ?? (await logIn(email, password))
    setBusy(false)
    setMessage(problem)
  }

  function change() {
    setNew(!isNew)
    setMessage(null)
  }

  return (
    <main className="card">
      <h1>{isNew ? 'Create an account' : 'Log in'}</h1>
      {reason && !message && <p role="status">You were signed out, since the session has ended.</p>}
      <form onSubmit={submit}>
        <label>
          Email address
          <input name="email" type="email" autoComplete="username" required />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autoComplete={isNew ? 'new-password' : 'current-password'}
            minLength={isNew ? 8 : undefined}
            required
          />
        </label>
        <p className="problem" role="alert">
          {message}
        </p>
        <button className="primary" type="submit" disabled={isBusy}>
          {isNew ? 'Sign up' : 'Log in'}
        </button>
      </form>
      <p>
        {isNew ? 'You have an account?' : 'You are new here?'}{' '}
        <button className="link" type="button" onClick={change}>
          {isNew ? 'Log in' : 'Create an account'}
        </button>
      </p>
    </main>
  )
}
