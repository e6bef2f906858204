'use client'
import { createClient } from 'tessera-client'
import { SessionProvider } from 'tessera-client/react'

/** In the browser only. The server renders with `initial`; a client there would be shared by all its users. */
export const client = typeof window === 'undefined' ? null : createClient({ url: window.location.origin })

export function Session({ initial, children }) {
  return (
    <SessionProvider client={client} initial={initial}>
      {children}
    </SessionProvider>
  )
}
