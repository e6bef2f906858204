import { useState } from 'react'
import type { User } from 'tessera-client'
import { client } from './client'
import { Sessions } from './Sessions'

const date = (value: string) => new Date(value).toLocaleDateString(undefined, { dateStyle: 'long' })

export function Account({ user }: { user: User }) {
  const [isLeaving, setLeaving] = useState(false)

  async function logOut() {
    setLeaving(true)
    await client.logout() // signs out here at once; the server hears of it now or later
  }

  return (
    <main className="card">
      <header>
        <span className="initial" aria-hidden="true">
          {user.email[0]?.toUpperCase()}
        </span>
        <h1>{user.email}</h1>
        <button type="button" onClick={logOut} disabled={isLeaving}>
          Log out
        </button>
      </header>
      <dl>
        <dt>Role</dt>
        <dd>{user.role}</dd>
        <dt>Member since</dt>
        <dd>{date(user.created_at)}</dd>
        <dt>Id</dt>
        <dd className="id">{user.guid}</dd>
      </dl>
      <Sessions />
    </main>
  )
}
